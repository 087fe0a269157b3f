//! Writes the videos into SQLite.

use rusqlite::{Connection, params};

use super::Video;

const SCHEMA: &str = "\
create table videos (
  id integer primary key,
  user_id integer not null,
  title text not null,
  view_count integer not null,
  like_count integer not null,
  comment_count integer,
  share_count integer not null
);
";

/// Makes the table in an empty database.
///
/// # Errors
/// What SQLite says, as for all functions here: a full disk, a table that exists.
pub fn create(to: &Connection) -> rusqlite::Result<()> {
    to.execute_batch(SCHEMA)
}

/// Brings the table to where it stands at a day's end: nothing in it tells what was before.
pub fn play(to: &mut Connection, videos: &[Video]) -> rusqlite::Result<()> {
    let transaction = to.transaction()?;
    transaction.execute("delete from videos", [])?;
    {
        let mut insert = transaction.prepare(
            "insert into videos (id, user_id, title, view_count, like_count, comment_count, share_count) \
             values (?, ?, ?, ?, ?, ?, ?)",
        )?;
        for video in videos {
            insert.execute(params![
                video.id,
                video.user,
                video.title,
                video.views,
                video.likes,
                video.comments,
                video.shares
            ])?;
        }
    }
    transaction.commit()
}
