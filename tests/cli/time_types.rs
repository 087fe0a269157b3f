//! A time column that is not what it is said to be is refused by `save` too: its days would be
//! wrong in silence.

use crate::support::command::Place;
use crate::support::mariadb::db;

#[test]
fn a_save_by_a_column_of_another_type_freezes_nothing() {
    let db = db();
    db.sql(
        "create table calls (at timestamp not null, whole bigint);
         insert into calls values ('2025-11-06 12:00:00', 1762430400);",
    );
    let place = Place::new();
    place.at("2025-11-07T09:00:00Z");
    for (column, time_is) in [("at", "local"), ("at", "epoch"), ("whole", "utc")] {
        place.write(
            "asof.toml",
            format!(
                "source = {{ url = \"{}\" }}\ncalendar = {{ time_zone = \"America/Chicago\" }}\n\
                 events.calls = {{ table = \"calls\", time = \"{column}\", time_is = \"{time_is}\" }}\n\
                 metrics.calls = {{ of = \"calls\", count = true }}\n",
                db.url()
            ),
        );
        place.asof("save");
    }
    assert!(!place.path("snapshots").exists());
    place.told(
        r#"
$ asof save
! error: 2025-11-06 could not be read: events.calls: the time column has the type timestamp, which keeps instants, not local times: it is "instant"
!   hint: set time_is to what the column is
exit 1
$ asof save
! error: 2025-11-06 could not be read: events.calls: the time column has the type timestamp, which is no number of seconds
!   hint: set time_is to what the column is
exit 1
$ asof save
! error: 2025-11-06 could not be read: events.calls: the time column has the type integer, which is a number: it is "epoch"
!   hint: set time_is to what the column is
exit 1
"#,
    );
}
