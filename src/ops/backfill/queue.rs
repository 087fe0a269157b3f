//! Hands out days to the readers in the order of dates, no further ahead than what was read
//! can be put away.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The days that are to be read, as numbers from 0.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    moved: Condvar,
    days: usize,
    ahead: usize,
}

#[derive(Debug, Default)]
struct State {
    /// The day that is handed out next.
    next: usize,
    /// Days that were handed out and given back.
    back: BTreeSet<usize>,
    /// How many days are with readers.
    out: usize,
    /// How many days have been put away.
    settled: usize,
    /// Whether no more days are handed out.
    closed: bool,
}

impl Queue {
    /// A queue of so many days, of which at most `ahead` are on their way at once.
    pub fn new(days: usize, ahead: usize) -> Self {
        Self { state: Mutex::default(), moved: Condvar::new(), days, ahead: ahead.max(1) }
    }

    /// The next day; waits until it may be read. `None` when there is none, or the queue is closed.
    /// As long as a reader has a day, it may give it back.
    pub fn take(&self) -> Option<usize> {
        let mut state = self.state();
        loop {
            if state.closed || state.next >= self.days && state.back.is_empty() && state.out == 0 {
                return None;
            }
            if let Some(number) = state.back.pop_first() {
                state.out += 1;
                return Some(number);
            }
            if state.next < self.days.min(state.settled + self.ahead) {
                state.next += 1;
                state.out += 1;
                return Some(state.next - 1);
            }
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The days that were handed out and are not put away yet.
    pub fn on_the_way(&self) -> Range<usize> {
        let state = self.state();
        state.settled..state.next
    }

    /// Tells that a reader is through with a day.
    pub fn done(&self) {
        let mut state = self.state();
        state.out = state.out.saturating_sub(1);
        drop(state);
        self.moved.notify_all();
    }

    /// Gives a day back that another reader is to read.
    pub fn give_back(&self, number: usize) {
        self.state().back.insert(number);
        self.done();
    }

    /// Tells that one more day has been put away.
    pub fn settle(&self) {
        self.state().settled += 1;
        self.moved.notify_all();
    }

    /// Hands out no more days.
    pub fn close(&self) {
        self.state().closed = true;
        self.moved.notify_all();
    }

    /// Closes the queue when it falls, whatever the reason.
    pub fn closes(&self) -> Closes<'_> {
        Closes(self)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes its queue when it falls: nobody is left waiting for days that can't be put away any more.
#[derive(Debug)]
pub struct Closes<'q>(&'q Queue);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::Queue;

    #[test]
    fn days_come_in_order_and_no_further_ahead_than_allowed() {
        let queue = Queue::new(4, 2);
        assert_eq!([queue.take(), queue.take()], [Some(0), Some(1)]);
        assert_eq!(queue.on_the_way(), 0..2);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.take());
            queue.settle();
            assert_eq!(waiting.join().unwrap(), Some(2));
        });
        queue.settle();
        assert_eq!(queue.take(), Some(3));
        assert_eq!(queue.on_the_way(), 2..4);
        (0..4).for_each(|_| queue.done());
        assert_eq!(queue.take(), None);
    }

    #[test]
    fn a_day_that_is_given_back_is_read_by_another() {
        let queue = Queue::new(2, 2);
        assert_eq!([queue.take(), queue.take()], [Some(0), Some(1)]);
        queue.give_back(0);
        assert_eq!(queue.take(), Some(0));
        thread::scope(|scope| {
            // There are no more days, but one may come back.
            let waiting = scope.spawn(|| queue.take());
            queue.done();
            queue.give_back(1);
            assert_eq!(waiting.join().unwrap(), Some(1));
        });
        queue.done();
        assert_eq!(queue.take(), None);
    }

    #[test]
    fn a_closed_queue_lets_everybody_go() {
        let queue = Queue::new(9, 1);
        assert_eq!(queue.take(), Some(0));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.take());
            drop(queue.closes());
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}
