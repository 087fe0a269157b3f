//! Looks and captures: what is damaged × how is found, under its path; what is whole is found whole.

use std::fs;
use std::path::Path;
use std::time::Duration;

use asof::archive::captures::RowSink;
use asof::archive::{Archive, ArchiveError, CaptureDoc, Kept};
use asof::config::Config;
use asof::model::entity::{CaptureRow, CaptureType, EntityRow, FieldValue};
use asof::model::manifest::FileDoc;
use asof::model::{Digest, EntityDef};

use super::{after, found};
use crate::support::command::Place;

const CONFIG: &str = r#"[source]
url = "sqlite:videos.db"

[calendar]
time_zone = "America/Chicago"

[events.calls]
table = "calls"
time = "at"
time_is = "local"

[metrics]
calls = { of = "calls", count = true }

[entities.video]
sql = "select id, title, view_count, like_count, rating from videos"
key = "id"
label = "title"
counters = { views = "view_count", likes = "like_count" }
gauges = { rating = {} }
schedule = [{ where = "view_count >= 100", every = "day" }]
"#;

const VIDEOS: &str = "
create table calls (at text);
create index by_time on calls (at);
create table videos (id integer, title text, view_count integer, like_count integer, rating real);
insert into videos values
  (1, 'One', 100, 10, 4.5), (2, 'Two', 200, null, null), (3, 'Three', 5, 0, 1), (4, 'Four', 400, 40, 3);
";

/// Two looks and three captures, two of them put together.
pub(super) fn whole() -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.sqlite("videos.db", VIDEOS);
    place.at("2025-11-06T02:00:00-06:00");
    place.done(&["save"]);
    capture(&place, "2025-11-06T18:00:00Z", &[("1", 2), ("2", 2)]);
    capture(&place, "2025-11-06T19:00:00Z", &[("2", 3), ("5", 1)]);
    compact(&place, "2025-11-06", "2025-11-07T07:00:00Z");
    place.sqlite(
        "videos.db",
        "delete from videos where id = 4; update videos set view_count = 150 where id = 1",
    );
    place.at("2025-11-07T02:00:00-06:00");
    place.done(&["save"]);
    capture(&place, "2025-11-07T18:00:00Z", &[("3", 1)]);
    place.at("2025-11-07T14:00:00-06:00");
    // Without it, what the last line names could be on its way.
    place.done(&["note 2025-11-06 'all is well'"]);
    place
}

fn def() -> EntityDef {
    let config = Config::parse_bytes(CONFIG.as_bytes(), Path::new("asof.toml")).unwrap();
    config.entities["video"].def.clone()
}

pub(super) fn capture(place: &Place, at: &str, rows: &[(&str, u64)]) {
    let archive = Archive::open(place.path("snapshots")).unwrap();
    let (at, def) = (at.parse().unwrap(), def());
    let definition = def.fingerprint();
    let rows: Vec<CaptureRow> = rows
        .iter()
        .map(|(key, seq)| CaptureRow {
            captured_at: at,
            kind: CaptureType::Manual,
            trigger: None,
            reason: None,
            actor: None,
            occurred_at: None,
            changes: Vec::new(),
            definition,
            row: EntityRow {
                key: (*key).to_owned(),
                seq: *seq,
                label: None,
                fields: [("views".to_owned(), Some(FieldValue::Number(7_i64.into())))].into_iter().collect(),
            },
        })
        .collect();
    let doc = CaptureDoc {
        entity: "video".to_owned(),
        date: at.to_rfc3339()[..10].parse().unwrap(),
        captured_at: at,
        kind: CaptureType::Manual,
        rows: 0,
        full: false,
        file: FileDoc { path: String::new(), size: 0, sha256: Digest::of(b"") },
        definition,
    };
    let known = archive.looks(None).unwrap().remove("video").unwrap().last;
    let write = |sink: &mut RowSink<'_>| {
        rows.iter().try_for_each(|row| sink.push(row))?;
        Ok::<_, ArchiveError>(false)
    };
    let staged = archive.stage_capture(&def, doc, write).unwrap().unwrap();
    let kept = archive.keep_capture(staged, known, Duration::from_secs(5), at).unwrap();
    assert!(matches!(kept, Kept::Done(_)));
}

pub(super) fn compact(place: &Place, day: &str, now: &str) {
    let archive = Archive::open(place.path("snapshots")).unwrap();
    let now = now.parse().unwrap();
    archive.compact_captures("video", day.parse().unwrap(), Duration::from_secs(5), now).unwrap();
}

/// Changes the lines of the ledger, and chains them anew.
pub(super) fn forge(place: &Place, change: impl FnOnce(&mut Vec<String>)) {
    let text = place.read("snapshots/ledger.jsonl");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    let mut prev = Digest::of(place.read("snapshots/archive.json").as_bytes());
    for line in &mut lines {
        let at = line.find("\"prev\":\"").unwrap() + 8;
        line.replace_range(at..at + 64, &prev.to_string());
        prev = Digest::of(line.as_bytes());
    }
    place.write("snapshots/ledger.jsonl", lines.join("\n") + "\n");
}

fn line_of<'l>(lines: &'l mut [String], piece: &str) -> &'l mut String {
    lines.iter_mut().find(|line| line.contains(piece)).unwrap()
}

pub(super) fn files_of(place: &Place, below: &str) -> Vec<String> {
    let files = place.tree("snapshots").into_keys();
    files.filter(|path| path.starts_with(below) && !path.ends_with('/')).collect()
}

#[test]
fn looks_and_captures_that_are_whole_have_no_findings() {
    let place = whole();
    let before = place.tree("snapshots");
    assert_eq!(found(&place, "verify"), (0, Vec::new()));
    assert_eq!(found(&place, "verify --read-data-subset 1/2"), (0, Vec::new()));
    assert_eq!(found(&place, "verify --read-data-subset 2/2"), (0, Vec::new()));
    let run = place.asof("verify -v");
    assert!(run.stdout.starts_with("2 snapshots, 2 looks, 3 captures, "), "{}", run.stdout);
    assert!(before == place.tree("snapshots"), "nothing may be written");
    let names: Vec<String> =
        files_of(&place, "entities/").into_iter().chain(files_of(&place, "captures/")).collect();
    assert_eq!(names.len(), 6, "{names:?}");
    assert!(names.contains(&"captures/video/date=2025-11-06/day.jsonl.zst".to_owned()), "{names:?}");
}

/// What is done to a file.
type Change = fn(&Path);

#[test]
fn every_damage_to_a_file_of_a_look_or_of_captures_is_found_under_its_path() {
    let place = whole();
    let files: Vec<String> =
        ["entities/", "captures/", "definitions/"].iter().flat_map(|below| files_of(&place, below)).collect();
    assert_eq!(files.len(), 8, "{files:?}");
    let ways: [(&str, Change); 5] = [
        ("flipped", |path| {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(path, bytes).unwrap();
        }),
        ("truncated", |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("emptied", |path| fs::write(path, "").unwrap()),
        ("removed", |path| fs::remove_file(path).unwrap()),
        ("a folder", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for file in &files {
        for (how, change) in ways {
            let findings = after(&place, || change(&place.path("snapshots").join(file)));
            assert_eq!(findings.len(), 1, "{file} {how}: {findings:?}");
            assert!(findings[0].starts_with(&format!("{file}: ")), "{file} {how}: {findings:?}");
        }
    }
    // What can't end is not read, whatever is asked of it.
    let path = place.path("snapshots/entities/video/date=2025-11-05/rows.parquet");
    let findings = after(&place, || {
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    });
    assert_eq!(findings, ["entities/video/date=2025-11-05/rows.parquet: is a symbolic link"]);
}

#[test]
fn folders_of_two_days_that_were_swapped_say_whose_they_are() {
    let place = whole();
    let folder = |day: &str| place.path(&format!("snapshots/entities/video/date={day}"));
    let findings = after(&place, || {
        fs::rename(folder("2025-11-05"), place.path("aside")).unwrap();
        fs::rename(folder("2025-11-06"), folder("2025-11-05")).unwrap();
        fs::rename(place.path("aside"), folder("2025-11-06")).unwrap();
    });
    let rows: Vec<&String> = findings.iter().filter(|finding| finding.contains("rows.parquet: ")).collect();
    assert_eq!(rows.len(), 2, "{findings:?}");
    assert!(rows[0].contains("date=2025-11-05") && rows[0].ends_with("of video on 2025-11-06"), "{rows:?}");
    assert!(rows[1].contains("date=2025-11-06") && rows[1].ends_with("of video on 2025-11-05"), "{rows:?}");
    // With a ledger that was made to fit, the files themselves still tell.
    let findings = after(&place, || {
        fs::rename(folder("2025-11-05"), place.path("aside")).unwrap();
        fs::rename(folder("2025-11-06"), folder("2025-11-05")).unwrap();
        fs::rename(place.path("aside"), folder("2025-11-06")).unwrap();
        forge(&place, |lines| {
            for line in lines.iter_mut().filter(|line| line.contains("\"kind\":\"look\"")) {
                let (from, to) = if line.contains("\"date\":\"2025-11-05\"") {
                    ("\"date\":\"2025-11-05\"", "\"date\":\"2025-11-06\"")
                } else {
                    ("\"date\":\"2025-11-06\"", "\"date\":\"2025-11-05\"")
                };
                *line = line.replacen(from, to, 1);
            }
        });
    });
    let expected =
        "entities/video/date=2025-11-06/rows.parquet: says that it is of \"video\" on \"2025-11-05\"";
    assert!(findings.contains(&expected.to_owned()), "{findings:?}");
}

#[test]
fn what_lies_beside_looks_and_captures_is_found() {
    let place = whole();
    let cases = [
        ("entities/video/date=2025-11-05/notes.txt", "entities/video/date=2025-11-05/notes.txt"),
        ("entities/video/date=2025-11-08/rows.parquet", "entities/video/date=2025-11-08"),
        ("entities/other/date=2025-11-05/rows.parquet", "entities/other/date=2025-11-05"),
        ("entities/stray", "entities/stray"),
        ("captures/video/date=2025-11-06/x.jsonl.zst", "captures/video/date=2025-11-06/x.jsonl.zst"),
        ("captures/deep/er/est/x", "captures/deep/er/est/x"),
    ];
    for (file, path) in cases {
        let findings = after(&place, || place.write(&format!("snapshots/{file}"), "stray"));
        assert_eq!(findings, [format!("{path}: has no line in the ledger, so it is no part of the archive")]);
    }
    // A whole look of another archive is none of this one.
    let other = whole();
    let findings = after(&place, || {
        for file in ["rows.parquet", "rest.parquet"] {
            let bytes =
                fs::read(other.path(&format!("snapshots/entities/video/date=2025-11-06/{file}"))).unwrap();
            place.write(&format!("snapshots/entities/video/date=2025-11-09/{file}"), bytes);
        }
    });
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].starts_with("entities/video/date=2025-11-09: has no line"), "{findings:?}");
}

#[test]
fn a_look_whose_folder_is_gone_is_found_and_what_comes_later_is_still_sound() {
    let place = whole();
    let findings = after(&place, || {
        fs::remove_dir_all(place.path("snapshots/entities/video/date=2025-11-05")).unwrap();
    });
    assert_eq!(findings, ["entities/video/date=2025-11-05: is missing, and the ledger has its line"]);
}

#[test]
fn lines_that_say_otherwise_than_the_files_are_found_whoever_chained_them() {
    let place = whole();
    let look = "\"kind\":\"look\"";
    let rows = "entities/video/date=2025-11-05/rows.parquet";
    let day = "captures/video/date=2025-11-06/day.jsonl.zst";
    let cases: [(&str, &str, &str, String); 7] = [
        (look, "\"rows\":3", "\"rows\":4", format!("{rows}: has 3 rows, and the ledger says 4")),
        (
            look,
            "\"seen\":4",
            "\"seen\":5",
            format!("{rows}: has 4 entities with the rest, and the ledger says 5"),
        ),
        (
            look,
            "\"views\":700",
            "\"views\":701",
            format!("{rows}: adds up views to 700, and the ledger says 701"),
        ),
        (
            look,
            "\"likes\":50",
            "\"likes\":null",
            format!("{rows}: adds up likes to 50, and the ledger says unknown"),
        ),
        (
            "\"kind\":\"capture\"",
            "\"rows\":2",
            "\"rows\":9",
            format!("{day}: has 4 rows, and the ledger says 11"),
        ),
        (
            "\"kind\":\"capture\"",
            "\"type\":\"manual\"",
            "\"type\":\"scheduled\"",
            format!("{day}: has 2 rows that are of none of its captures in the ledger"),
        ),
        (
            "\"kind\":\"compacted\"",
            "\"of\":[\"",
            "\"of\":[\"a.zst\",\"",
            "ledger.jsonl:5: puts \"a.zst\" together, which no line before it names".to_owned(),
        ),
    ];
    for (kind, piece, other, expected) in cases {
        let findings = after(&place, || {
            forge(&place, |lines| {
                let line = line_of(lines, kind);
                assert!(line.contains(piece), "{piece} is not in {line}");
                *line = line.replacen(piece, other, 1);
            });
        });
        assert!(findings.contains(&expected), "{piece}: {findings:?}");
        // A line that differs in the number of rows is wrong in nothing else.
        assert!(findings.len() <= 2, "{piece}: {findings:?}");
    }
}

#[test]
fn a_line_that_leads_out_of_the_archive_is_not_followed() {
    let place = whole();
    place.write("secret/date=2025-11-05/rows.parquet", "none of yours");
    for (kind, piece, other) in [
        ("\"kind\":\"look\"", "\"entity\":\"video\"", "\"entity\":\"../../secret\""),
        ("\"kind\":\"look\"", "\"path\":\"rows.parquet\"", "\"path\":\"/etc/passwd\""),
        ("\"kind\":\"capture\"", "\"path\":\"", "\"path\":\"../"),
        ("\"kind\":\"compacted\"", "\"of\":[\"", "\"of\":[\"../../../asof.toml\",\""),
    ] {
        let findings = after(&place, || {
            forge(&place, |lines| {
                let line = line_of(lines, kind);
                *line = line.replacen(piece, other, 1);
            });
            // Neither is it by whoever reads or writes; least of all is anything removed.
            let archive = Archive::open(place.path("snapshots")).unwrap();
            assert!(archive.looks(None).is_err());
            let now = "2025-11-08T07:00:00Z".parse().unwrap();
            let day = "2025-11-06".parse().unwrap();
            assert!(archive.compact_captures("video", day, Duration::from_secs(1), now).is_err());
        });
        assert!(
            findings.iter().any(|finding| finding.contains("can't be the name of")),
            "{other}: {findings:?}"
        );
        assert!(!findings.iter().any(|finding| finding.contains("secret/date")), "{findings:?}");
        assert!(place.path("asof.toml").exists());
    }
}

#[test]
fn numbers_of_rows_that_leave_a_gap_are_found() {
    let place = whole();
    capture(&place, "2025-11-07T20:30:00Z", &[("1", 4), ("2", 9), ("9", 1)]);
    let (code, findings) = found(&place, "verify");
    assert_eq!(code, 4);
    assert_eq!(findings.len(), 1, "{findings:?}");
    let wanted =
        "captures/video/date=2025-11-07: numbers the row of \"2\" 9 where 5 belongs, in the capture of line";
    assert!(findings[0].starts_with(wanted), "{findings:?}");
}

#[test]
fn captures_that_were_put_together_are_read_as_of_a_time_between_them() {
    let place = whole();
    let archive = Archive::open(place.path("snapshots")).unwrap();
    let day = "2025-11-06".parse().unwrap();
    for (then, expected) in [("2025-11-06T18:30:00Z", 2), ("2025-11-06T19:30:00Z", 4)] {
        let looks = archive.looks(Some(then.parse().unwrap())).unwrap().remove("video").unwrap();
        let rows = archive.captures("video", &looks, day).unwrap();
        assert_eq!(rows.len(), expected, "{then}");
    }
}

#[test]
fn a_file_that_a_compaction_left_behind_is_no_finding_and_goes_with_the_next_one() {
    let place = whole();
    let name = "snapshots/captures/video/date=2025-11-07";
    let left = files_of(&place, "captures/video/date=2025-11-07/").remove(0);
    let bytes = fs::read(place.path("snapshots").join(&left)).unwrap();
    capture(&place, "2025-11-07T20:30:00Z", &[("3", 2)]);
    compact(&place, "2025-11-07", "2025-11-07T21:00:00Z");
    // Whoever reads by the ledger of before still finds it for a while.
    assert!(place.path("snapshots").join(&left).exists());
    assert_eq!(found(&place, "verify"), (0, Vec::new()));
    compact(&place, "2025-11-07", "2025-11-07T22:01:00Z");
    assert!(!place.path("snapshots").join(&left).exists());
    place.write(&format!("snapshots/{left}"), bytes);
    assert_eq!(found(&place, "verify"), (0, Vec::new()));
    compact(&place, "2025-11-07", "2025-11-07T22:02:00Z");
    assert_eq!(fs::read_dir(place.path(name)).unwrap().count(), 1);
    assert_eq!(found(&place, "verify"), (0, Vec::new()));
}

#[test]
fn nothing_is_written_or_removed_where_a_link_leads_out_of_the_archive() {
    let place = whole();
    let folder = place.path("snapshots/captures/video/date=2025-11-06");
    let left = place.read("snapshots/ledger.jsonl");
    let at = left.find("\"of\":[\"").unwrap() + 7;
    let name = left[at..].split('"').next().unwrap();
    place.write(&format!("outside/{name}"), "somebody else's");
    fs::rename(&folder, place.path("aside")).unwrap();
    std::os::unix::fs::symlink(place.path("outside"), &folder).unwrap();
    let archive = Archive::open(place.path("snapshots")).unwrap();
    let (day, now) = ("2025-11-06".parse().unwrap(), "2025-11-08T07:00:00Z".parse().unwrap());
    let error = archive.compact_captures("video", day, Duration::from_secs(1), now).unwrap_err();
    assert!(error.to_string().contains("is a symbolic link"), "{error}");
    assert_eq!(place.read(&format!("outside/{name}")), "somebody else's");
    // Neither is a look put where a link leads.
    fs::rename(place.path("snapshots/entities/video"), place.path("looks")).unwrap();
    std::os::unix::fs::symlink(place.path("looks"), place.path("snapshots/entities/video")).unwrap();
    place.at("2025-11-08T02:00:00-06:00");
    let run = place.asof("save");
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("is a symbolic link"), "{}", run.stderr);
    assert!(!place.path("looks/date=2025-11-07").exists());
}
