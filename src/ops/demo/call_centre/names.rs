//! Campaigns, lists, agents and statuses of the demo, and its tables.

use std::fmt::Write;

/// A campaign: its id, its name, how many of 100 calls are its own, and the area code it calls.
pub(super) const CAMPAIGNS: [(&str, &str, u32, &str); 5] = [
    ("1027", "EASTSIDE", 34, "312"),
    ("1031", "WESTGATE", 26, "773"),
    ("1040", "LAKEVIEW", 18, "630"),
    ("1044", "RIVERBEND", 13, "815"),
    ("1052", "HILLTOP", 9, "708"),
];

/// How many lists a campaign has; their ids follow from its own.
pub(super) const LISTS: i64 = 2;

/// The agents: id and name.
pub(super) const AGENTS: [(&str, &str); 14] = [
    ("6001", "Alma Reyes"),
    ("6002", "Ben Okafor"),
    ("6003", "Carla Nowak"),
    ("6004", "Dev Patel"),
    ("6005", "Elena Petrova"),
    ("6006", "Frank Müller"),
    ("6007", "Grace Kim"),
    ("6008", "Hugo Silva"),
    ("6009", "Ines Moreau"),
    ("6010", "Jamal Carter"),
    ("6011", "Kaito Mori"),
    ("6012", "Lena Berg"),
    ("6013", "Marek Kos"),
    ("6014", "Nadia Haddad"),
];

/// The statuses and their names.
pub(super) const STATUSES: [(&str, &str); 12] = [
    ("A", "Answering machine"),
    ("B", "Busy"),
    ("CALLBK", "Call back"),
    ("DC", "Disconnected number"),
    ("DNC", "Do not call"),
    ("DROP", "Agent not available"),
    ("NA", "No answer"),
    ("NI", "Not interested"),
    ("SALE", "Sale made"),
    ("WARM", "Warm lead"),
    ("XFER", "Call transferred"),
    ("YES", "Said yes"),
];

/// The id of a campaign's list, of which there are [`LISTS`].
pub(super) fn list_id(campaign: usize, list: i64) -> i64 {
    1000 + i64::try_from(campaign).unwrap_or_default() * 10 + list + 1
}

/// The tables, and the rows of those that only hold names.
pub(super) fn schema() -> String {
    let mut sql = String::from(
        "create table calls (\n  id integer primary key,\n  call_date text not null,\n  campaign_id text not null,\n  \
         list_id integer not null,\n  status text,\n  user text,\n  phone_number text not null,\n  \
         length_in_sec integer\n);\n\
         create index calls_by_date on calls (call_date);\n\
         create table campaigns (campaign_id text primary key, campaign_name text not null);\n\
         create table lists (list_id integer primary key, list_name text not null);\n\
         create table agents (user text primary key, full_name text not null);\n\
         create table statuses (status text primary key, status_name text not null);\n",
    );
    let mut insert = |table: &str, key: &str, name: &str| {
        // Writing to a string can't fail, and no name here has a quote in it.
        let _ = writeln!(sql, "insert into {table} values ('{key}', '{name}');");
    };
    for (at, (id, name, ..)) in CAMPAIGNS.iter().enumerate() {
        insert("campaigns", id, name);
        for list in 0..LISTS {
            insert(
                "lists",
                &list_id(at, list).to_string(),
                &format!("{name} {}", if list == 0 { "fresh" } else { "recycled" }),
            );
        }
    }
    for (id, name) in AGENTS {
        insert("agents", id, name);
    }
    for (status, name) in STATUSES {
        insert("statuses", status, name);
    }
    sql
}
