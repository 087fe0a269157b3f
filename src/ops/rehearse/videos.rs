//! Playing the videos: each night the counters stand where they stand, and `save` looks at them.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::looking::{Watched, looked};
use super::{DemoError, begin, instant};
use crate::archive::{Archive, ArchiveId};
use crate::config::Config;
use crate::model::Progress;
use crate::ops::demo::videos::{self as demo, store};

/// The id of this demo's archive, so that a demo is the same byte for byte.
const ARCHIVE_ID: &str = "a50fa50f-0000-4000-8000-000000000006";
/// The name of the demo's database in its folder.
const DATABASE: &str = "videos.db";

/// Videos that were made.
#[derive(Clone, Debug)]
pub struct VideoGrowth {
    /// Their folder.
    pub dir: PathBuf,
    /// How many there are on the last day.
    pub videos: usize,
    /// How many days it covers.
    pub days: usize,
    /// How many of them were looked at.
    pub looks: usize,
}

/// Makes the demo in a folder that does not exist yet or is empty.
///
/// # Errors
/// When something is there, or can't be written.
pub async fn rehearse_videos(dir: &Path, progress: &dyn Progress) -> Result<VideoGrowth, DemoError> {
    let text = demo::config();
    let config_path = begin(dir, &text)?;
    let config = Config::parse(&text, &config_path)?;
    let mut database = Connection::open(dir.join(DATABASE))?;
    store::create(&database)?;
    let nights = demo::nights();
    let mut made = VideoGrowth { dir: dir.to_owned(), videos: 0, days: nights.len(), looks: 0 };
    for night in &nights {
        progress.step(&format!("the night after {}", night.day));
        store::play(&mut database, &night.videos)?;
        made.videos = night.videos.len();
        if let Some(run) = night.run {
            let now = instant(config.calendar.time_zone, run)?;
            // The first night makes the archive, under its fixed id.
            Archive::open_or_create(&config.archive.dir, ARCHIVE_ID.parse::<ArchiveId>().ok(), now)?;
            let seen = looked(&Watched { config: &config, day: night.day, now }, progress).await?;
            made.looks += usize::from(seen);
        }
    }
    Ok(made)
}
