//! What a process has used, as the kernel counts it.

use std::fs;

use anyhow::{Context, Result};

/// The kernel counts processor time in hundredths of a second on every architecture that Kubernetes runs on.
const TICKS: f64 = 100.0;

/// Seconds of processor time that a process and all its threads have used.
///
/// # Errors
/// When there is no such process.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    // The name in parentheses may hold anything; user and system time are the 12th and 13th fields behind it.
    let (_, fields) = text.rsplit_once(')').with_context(|| path.clone())?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>().with_context(|| path)? / TICKS)
}

/// Resident memory of a process, MiB.
///
/// # Errors
/// When there is no such process.
pub fn resident_mib(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).with_context(|| path.clone())?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().with_context(|| path)?;
    Ok(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_something() -> Result<()> {
        let (pid, mut sum) = (std::process::id(), 0_u64);
        while cpu_seconds(pid)? == 0.0 {
            sum = sum.wrapping_add(1);
        }
        assert!(resident_mib(pid)? > 0.5, "{sum}");
        Ok(())
    }
}
