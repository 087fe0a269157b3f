//! What the videos promise: see the module.

use std::collections::{BTreeMap, BTreeSet};

use super::grow::{HIDDEN, SPREADING, TAKEN_DOWN};
use super::{AUDIT, AUDITED, FIRST, LAST, LATE, MISSED, Video, config, nights};

fn by_id(videos: &[Video]) -> BTreeMap<i64, &Video> {
    videos.iter().map(|video| (video.id, video)).collect()
}

#[test]
fn it_is_the_same_each_time_and_forty_days_long() {
    let all = nights();
    assert_eq!(all, nights());
    let dates: Vec<_> = all.iter().map(|night| night.day.date()).collect();
    assert_eq!((dates.len(), dates.first(), dates.last()), (40, Some(&FIRST), Some(&LAST)));
    for night in &all {
        let hours = night.run.map(|run| (run - night.day.date().and_hms_opt(0, 0, 0).unwrap()).num_hours());
        match night.day.date() {
            MISSED => assert_eq!(hours, None),
            LATE => assert_eq!(hours, Some(32)),
            _ => assert_eq!(hours, Some(24)),
        }
        let ids: Vec<i64> = night.videos.iter().map(|video| video.id).collect();
        assert!(ids.is_sorted() && ids.len() >= 17, "{}: {ids:?}", night.day);
    }
}

#[test]
fn views_fall_by_the_audit_only_and_only_those_of_one_user() {
    let all = nights();
    for pair in all.windows(2) {
        let [before, after] = pair else { panic!() };
        let (old, new) = (by_id(&before.videos), by_id(&after.videos));
        for (id, video) in &new {
            let Some(was) = old.get(id) else { continue };
            let audited = after.day.date() == AUDIT && video.user == AUDITED;
            assert_eq!(video.views < was.views, audited, "{id} on {}", after.day);
            let known = was.comments.is_some() && (after.day.date(), *id) != HIDDEN;
            assert_eq!(video.comments.is_some(), known, "{id} on {}", after.day);
        }
        let gone: BTreeSet<_> = old.keys().filter(|id| !new.contains_key(*id)).collect();
        let taken: BTreeSet<_> =
            TAKEN_DOWN.iter().filter(|(date, _)| *date == after.day.date()).map(|(_, id)| id).collect();
        assert_eq!(gone, taken, "{}", after.day);
    }
    let (first, last) = (by_id(&all[0].videos), by_id(&all[39].videos));
    assert_eq!(last.keys().filter(|id| !first.contains_key(id)).count(), 9, "nine are new");
}

#[test]
fn one_video_spreads_beyond_all_others() {
    let all = nights();
    let gained = |from: usize, to: usize| {
        let (old, new) = (by_id(&all[from].videos), by_id(&all[to].videos));
        let gained = new.iter().filter_map(|(id, video)| Some((video.views - old.get(id)?.views, *id)));
        gained.max().unwrap()
    };
    let day = usize::try_from((super::date(2025, 11, 6) - FIRST).num_days()).unwrap();
    assert_eq!(gained(day - 1, day).1, SPREADING);
    assert_ne!(gained(3, 4).1, SPREADING);
}

#[test]
fn its_configuration_is_the_preset_with_a_database_beside_it() {
    let text = config();
    assert!(text.contains("\nurl = \"sqlite:videos.db\"\n") && !text.contains("password"), "{text}");
    assert!(text.starts_with("# The demo's videos"), "{text}");
    assert!(text.contains("[entities.video]"), "{text}");
}
