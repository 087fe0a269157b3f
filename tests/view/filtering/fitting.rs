//! What goes into a page when not all of it fits, and what is said then.

use fastrand::Rng;
use serde_json::json;

use super::random_day::Day;
use crate::support::browser::Browser;
use crate::support::command::Place;

#[test]
fn a_cube_that_is_too_large_loses_its_dimension_with_most_members() {
    let day = Day::sized(&mut Rng::with_seed(7), [300, 12, 6_000]);
    assert!(day.page.len() <= 150_000, "{}", day.page.len());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("page.html");
    std::fs::write(&file, &day.page).unwrap();
    let mut browser = Browser::start();
    browser.open_file(&file);
    browser.script("document.querySelector('.more').open = true");
    let said = browser.text(".more");
    assert!(said.contains("Not to choose from: A (the page would be too large)."), "{said}");

    // What is left is still right: nothing was lost but the dimension.
    let rows = day.rows.iter().filter(|row| row.members[1] == 3).count();
    browser.script("location.hash = '#b=~~b%2C%26%3D%2503'");
    browser.wait_until("document.querySelector('.chosen').innerText.startsWith('Only')");
    let told = browser.text(".tile .value").replace(',', "");
    assert_eq!(told, rows.to_string());
    assert_eq!(browser.text("[aria-labelledby=p2] .foot"), "not known for this choice");
    browser.script("location.hash = '#a=a07'");
    browser.wait_until("document.querySelector('.chosen').innerText.includes('can’t be filtered by a.')");
    browser.assert_quiet();
}

#[test]
fn dimensions_are_dropped_until_what_is_left_fits() {
    // Ten thousand numbers of thirty digits each by either dimension.
    let day = Day::sized(&mut Rng::with_seed(7), [3_000, 2_500, 20_000]);
    let page = String::from_utf8(day.page).unwrap();
    let has_script = page.contains("<script");
    // The hours alone fit always.
    assert!(has_script && page.len() <= 150_000, "{}", page.len());
    let said = page.split_once("\"notes\":[\"Not to").unwrap().1.split_once(']').unwrap().0;
    assert_eq!(
        said,
        " choose from: A and B (the page would be too large).\",\"Not to choose from: L (not crossed with the others).\""
    );
}

#[test]
fn a_cube_that_is_not_crossed_gives_no_filter_and_the_page_says_so() {
    let place = Place::new();
    place.write("asof.toml", include_str!("../../../presets/demo.toml"));
    place.change("asof.toml", "time_is = \"local\"", "time_is = \"local\"\nmax_groups = 3");
    place.sqlite(
        "calls.db",
        "create table calls(id integer primary key, call_date text, campaign_id text, list_id integer,
            status text, user text, phone_number text, length_in_sec integer);
         create table campaigns(campaign_id text, campaign_name text);
         create table statuses(status text, status_name text);
         create table lists(list_id integer, list_name text);
         create table agents(user text, full_name text);
         insert into calls values (1, '2025-11-06 09:00:00', 'a', 1, 'NA', null, '5', 1),
            (2, '2025-11-06 10:00:00', 'b', 1, 'NA', null, '5', 1), (3, '2025-11-06 11:00:00', 'b', 1, 'NI', null, '5', 1),
            (4, '2025-11-06 11:00:00', 'a', 1, 'NI', null, '5', 1)",
    );
    let run = place.asof("save 2025-11-06");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut browser = Browser::start();
    browser.open_file(&place.path("snapshots/2025-11-06/dashboard.html"));
    let notes = browser.script("[...document.querySelectorAll('.note')].map(note => note.textContent)");
    assert!(
        notes
            .as_array()
            .unwrap()
            .contains(&json!("This page can't be filtered: each dimension was counted by itself.")),
        "{notes}"
    );
    assert_eq!(browser.script("document.querySelectorAll('script, .filter').length"), json!(0));
    browser.assert_quiet();
}
