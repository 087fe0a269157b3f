//! What VICIDIAL's rows refer to: campaigns, lists, people, and statuses with their flags.

use super::table::{Table, text};
use super::{AGENTS, CAMPAIGNS, Charset, agent, team};

/// The statements that fill the tables with names and flags.
pub(super) fn labels(charset: Charset) -> Vec<String> {
    let right_to_left = match charset {
        Charset::Latin1 => "Campaña del Sur",
        Charset::Utf8 => "\u{202e}קמפיין \u{202c}דרום",
    };
    let mut campaigns = Table::new("vicidial_campaigns", "campaign_id, campaign_name, active");
    // GONE has calls and no row here: its label was deleted.
    for (id, name) in [
        ("1027", "EASTSIDE"),
        ("EAST", "</script><img src=x onerror=alert(1)>"),
        ("west", "West \u{1b}[31mred\u{1b}[0m\u{7} \"quoted\" & 'so'"),
        ("SOLAR", right_to_left),
    ] {
        campaigns.push(&[text(id), text(name), text("Y")]);
    }
    let mut lists = Table::new("vicidial_lists", "list_id, list_name, campaign_id, active");
    for (at, campaign) in CAMPAIGNS.iter().enumerate() {
        for n in 1..=3 {
            let id = 1000 + at * 10 + n;
            lists.push(&[id.to_string(), text(&format!("{campaign} no. {n}")), text(campaign), text("Y")]);
        }
    }
    let mut groups = Table::new("vicidial_user_groups", "user_group, group_name");
    for n in 1..=3 {
        groups.push(&[text(&format!("TEAM{n}")), text(&format!("Team {n}"))]);
    }
    let mut users = Table::new("vicidial_users", "user, full_name, user_group");
    users.push(&[text("VDAD"), text("Outbound Auto Dial"), "null".into()]);
    for n in 0..AGENTS {
        users.push(&[text(&agent(n)), text(&format!("Agent No. {n} <b>")), text(&team(n))]);
    }
    let mut ingroups = Table::new("vicidial_inbound_groups", "group_id, group_name, active");
    for (id, name) in [("SALESLINE", "Sales line"), ("HELP", "Help; drop table x --")] {
        ingroups.push(&[text(id), text(name), text("Y")]);
    }
    let mut statuses =
        Table::new("vicidial_statuses", "status, status_name, human_answered, sale, dnc, customer_contact");
    for (status, name, flags) in [
        ("NA", "No Answer AutoDial", "NNNN"),
        ("A", "Answering Machine", "NNNN"),
        ("B", "Busy", "NNNN"),
        ("DC", "Disconnected Number", "NNNN"),
        ("NI", "Not Interested", "YNNY"),
        ("DNC", "DO NOT CALL", "YNYY"),
        ("DROP", "Agent Not Available", "YNNN"),
        ("CALLBK", "Call Back", "YNNY"),
        ("XFER", "Call Transferred", "YNNY"),
        ("SALE", "Sale Made", "YYNN"),
    ] {
        let mut row = vec![text(status), text(name)];
        row.extend(flags.chars().map(|flag| text(&flag.to_string())));
        statuses.push(&row);
    }
    let mut own = Table::new(
        "vicidial_campaign_statuses",
        "status, status_name, selectable, campaign_id, human_answered, customer_contact",
    );
    for (status, name, campaign, flags) in [
        // Of the system too: without its flags there, and with one that the system lacks.
        ("NI", "Not today", "1027", "NN"),
        ("A", "Machine, but a person came", "EAST", "YN"),
        ("NA", "Nobody, yet counted", "west", "NY"),
        // The centre's own, with different names and flags by campaign, one in lower case.
        ("WARM", "Warm (1027)", "1027", "YY"),
        ("WARM", "Warm (EAST)", "EAST", "YY"),
        ("WARM", "Warm (west)", "west", "NN"),
        ("YES", "Said yes", "SOLAR", "YN"),
        ("svyclm", "Survey claimed", "EAST", "YY"),
        ("ODD", "Odd", "GONE", "YY"),
    ] {
        let flags: Vec<String> = flags.chars().map(|flag| text(&flag.to_string())).collect();
        let mut row = vec![text(status), text(name), text("Y"), text(campaign)];
        row.extend(flags);
        own.push(&row);
    }
    [campaigns, lists, groups, users, ingroups, statuses, own]
        .into_iter()
        .flat_map(|table| table.statements())
        .collect()
}
