//! How much memory this process uses, where the system tells it.

/// The memory in use, in bytes; `None` where it is not told.
pub fn resident() -> Option<u64> {
    resident_of(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn resident_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::resident_of;

    #[test]
    fn the_system_tells_it_in_kilobytes() {
        assert_eq!(resident_of("Name:\tasof\nVmRSS:\t   21504 kB\nThreads:\t4\n"), Some(22_020_096));
        assert_eq!(resident_of("Name:\tasof\n"), None);
    }
}
