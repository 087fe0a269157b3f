//! The accounts as they are before the first day: who they are, whose, what they use, and what is measured.

/// An account, as it is written into the tables when it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its key.
    pub id: i64,
    /// Its name.
    pub name: &'static str,
    /// A year's revenue, a decimal as text; `None` where nobody knows.
    pub revenue: Option<&'static str>,
    /// Its status.
    pub status: &'static str,
    /// Its industry.
    pub industry: &'static str,
    /// Where it is.
    pub region: &'static str,
    /// Which of [`TEAMS`] looks after it.
    pub team: usize,
    /// Its stage of life.
    pub stage: &'static str,
    /// The health it begins with, in points.
    pub health: i64,
    /// How many of [`PRODUCTS`] it uses.
    pub products: usize,
}

/// Who looks after accounts: the customer success manager, their manager, and the owner.
pub(super) const TEAMS: [[&str; 3]; 3] = [
    ["Maya Lindqvist", "Ruth Adeyemi", "Owen Hale"],
    ["Tomás Rivera", "Ruth Adeyemi", "Priya Nair"],
    ["Jonas Weber", "Kofi Mensah", "Priya Nair"],
];

/// What can be used.
pub(super) const PRODUCTS: [&str; 5] = ["Ledger", "Reports", "Workflow", "Insights", "Vault"];

/// What is measured: the product it is of, if it is not the account's, the name, how much hangs on it, and how
/// its values are written.
pub(super) const KPIS: [(Option<&str>, &str, i64, &str); 7] = [
    (None, "Net promoter score", 70, ""),
    (None, "Time to first value", 55, " days"),
    (None, "Invoices paid on time", 40, " %"),
    (Some("Ledger"), "Active users", 90, " %"),
    (Some("Ledger"), "Month-end close", 65, " h"),
    (Some("Reports"), "Reports opened", 30, " a week"),
    (Some("Workflow"), "Tasks automated", 45, " %"),
];

/// The key of an account's KPI.
pub(super) fn kpi(account: i64, which: i64) -> i64 {
    account * 100 + which
}

#[expect(clippy::too_many_arguments, reason = "a line of the table below")]
const fn account(
    id: i64,
    name: &'static str,
    revenue: Option<&'static str>,
    status: &'static str,
    industry: &'static str,
    region: &'static str,
    team: usize,
    stage: &'static str,
    health: i64,
    products: usize,
) -> Account {
    Account { id, name, revenue, status, industry, region, team, stage, health, products }
}

/// Those that are there before the first day.
#[rustfmt::skip]
pub(super) fn accounts() -> Vec<Account> {
    vec![
        account(1, "Alder & Finch", Some("1840000.00"), "active", "Retail", "EMEA", 0, "mature", 84, 4),
        account(2, "Bluewater Freight", Some("412500.50"), "active", "Logistics", "NA", 1, "growth", 77, 2),
        account(3, "Northwind Trading", Some("968000.00"), "active", "Retail", "NA", 0, "renewal", 82, 3),
        account(4, "Cinder Analytics", Some("86000.00"), "active", "Software", "NA", 2, "growth", 74, 1),
        account(5, "Delphi Health", Some("2310000.00"), "active", "Health", "EMEA", 2, "mature", 88, 5),
        account(6, "Elmstead Council", Some("154200.00"), "at_risk", "Public", "EMEA", 1, "renewal", 61, 2),
        account(7, "Fjord Robotics", Some("540000.00"), "active", "Manufacturing", "EMEA", 2, "growth", 71, 3),
        account(8, "Gable Insurance", Some("725300.25"), "active", "Insurance", "NA", 0, "mature", 80, 2),
        account(9, "Harrow Textiles", Some("48900.00"), "inactive", "Manufacturing", "APAC", 1, "mature", 76, 1),
        account(10, "Iona Biotech", None, "active", "Health", "EMEA", 1, "growth", 79, 2),
        account(11, "Juniper Logistics", Some("377000.00"), "active", "Logistics", "APAC", 2, "mature", 83, 3),
        account(12, "Kestrel Energy", Some("1270000.00"), "active", "Energy", "NA", 1, "mature", 78, 4),
        account(13, "Lumen Schools", Some("63000.00"), "active", "Public", "NA", 0, "growth", 72, 1),
        account(14, "Maple Dental", Some("29500.00"), "inactive", "Health", "NA", 0, "mature", 73, 1),
        account(15, "Nimbus Hosting", Some("210000.00"), "at_risk", "Software", "APAC", 2, "renewal", 66, 2),
        account(16, "Orchard Foods", Some("489000.00"), "active", "Retail", "NA", 1, "growth", 81, 3),
    ]
}

/// The one that signs in the second week.
pub(super) fn newcomer() -> Account {
    account(17, "Pelican Press", Some("132000.00"), "active", "Media", "EMEA", 2, "onboarding", 75, 2)
}
