//! A server ends when its holder lets go of it, when its guard is killed, and when it is told to; and its log is kept.

use anyhow::{Result, ensure};
use ringfence_e2e::{
    process::{Process, Signal},
    wait::{self, Look},
};
use std::{fs, path::Path, process::Command};

#[tokio::test]
async fn a_dropped_server_is_gone_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = start(folder.path(), "exec sleep 600")?;
    let pid = server.pid();
    ensure!(runs(pid));
    drop(server);
    ensure!(!runs(pid));
    Ok(())
}

#[tokio::test]
async fn a_server_whose_guard_is_killed_dies_with_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = start(folder.path(), "exec sleep 600")?;
    // The kernel is asked for this before the server's program begins.
    wait::until("the program runs", async || {
        let name = fs::read_to_string(format!("/proc/{}/comm", server.pid()))?;
        Ok(if name.trim() == "sleep" { Look::Done(()) } else { Look::Not(name) })
    })
    .await?;
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.pid()))?;
    let guard = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)).unwrap_or_default().to_string();
    Command::new("kill").args(["-KILL", &guard]).status()?;
    wait::until("the server is gone", async || {
        Ok(if runs(server.pid()) { Look::Not("it runs".into()) } else { Look::Done(()) })
    })
    .await
}

#[tokio::test]
async fn a_signal_reaches_the_server_and_its_log_is_kept() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server =
        start(folder.path(), "trap 'echo told to end; exit 3' TERM; echo started; while :; do sleep 0.1; done")?;
    let log = server.log().to_path_buf();
    wait::until("it has started", async || {
        let text = fs::read_to_string(&log)?;
        Ok(if text.contains("started") { Look::Done(()) } else { Look::Not(text) })
    })
    .await?;
    server.must_run()?;
    server.signal(Signal::Term)?;
    wait::until("it has ended", async || {
        Ok(if server.is_running() { Look::Not("it runs".into()) } else { Look::Done(()) })
    })
    .await?;
    let why = server.must_run().expect_err("it has ended");
    ensure!(format!("{why:#}").contains("told to end"), "{why:#}");
    ensure!(server.signal(Signal::Hup).is_err(), "a signal to nobody");
    Ok(())
}

fn start(folder: &Path, script: &str) -> Result<Process> {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Process::start("example", &command, &folder.join("example.log"))
}

/// Whether a process runs; one that only waits to be reaped does not.
fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}
