//! Servers as child processes that never outlive the test, however the test ends.
//!
//! Between the test and each server stands a small shell, `guard.sh`, in a process group of its own. It holds the
//! reading end of a pipe whose writing end only the test process has: when the test returns, panics, is interrupted or
//! is killed with SIGKILL, the kernel closes that end and the guard kills its server.

use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A signal that the bed sends.
#[derive(Clone, Copy, Debug)]
pub enum Signal {
    /// Asks for an orderly end.
    Term,
    /// Ends at once.
    Kill,
    /// Freezes: sockets stay open, nothing is answered.
    Stop,
    /// Thaws.
    Cont,
    /// Reloads, for servers that know it.
    Hup,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Kill => "KILL",
            Self::Stop => "STOP",
            Self::Cont => "CONT",
            Self::Hup => "HUP",
        }
    }
}

/// A running server. Dropping it kills it and waits until it is gone.
#[derive(Debug)]
pub struct Process {
    name: String,
    pid: u32,
    log: PathBuf,
    guard: Mutex<Child>,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Process {
    /// Starts `command` with both of its outputs appended to `log`.
    ///
    /// # Errors
    /// When the shell, or `setpriv` of util-linux, is not there, or the log cannot be written.
    pub fn start(name: &str, command: &Command, log: &Path) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log).with_context(|| log.display().to_string())?;
        let mut guarded = Command::new("sh");
        guarded
            .args(["-c", concat!("exec 3<&0\n", include_str!("guard.sh")), "guard"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(output.try_clone()?)
            .process_group(0);
        if let Some(folder) = command.get_current_dir() {
            guarded.current_dir(folder);
        }
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => guarded.env(key, value),
                None => guarded.env_remove(key),
            };
        }
        let mut guard = guarded.spawn().context("start the guard of a server")?;
        let pipe = guard.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = guard.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let pid = line.trim().parse().with_context(|| format!("the guard of {name} answered {line:?}"))?;
        Ok(Self { name: name.into(), pid, log: log.into(), guard: Mutex::new(guard), pipe: Mutex::new(pipe) })
    }

    /// The server's name, as in the bed's log folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Where the server's output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Sends a signal to the server.
    ///
    /// # Errors
    /// When the server has ended.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let mut pipe = lock(&self.pipe);
        let pipe = pipe.as_mut().with_context(|| format!("{} was told to end", self.name))?;
        writeln!(pipe, "{}", signal.name()).with_context(|| format!("{} has ended", self.name))
    }

    /// Whether the server still runs.
    pub fn is_running(&self) -> bool {
        matches!(lock(&self.guard).try_wait(), Ok(None))
    }

    /// Fails with the end of the log when the server has ended: to be asked in every loop that waits for it.
    ///
    /// # Errors
    /// When the server has ended.
    pub fn must_run(&self) -> Result<()> {
        if !self.is_running() {
            bail!("{} has ended; its log ends with:\n{}", self.name, tail(&self.log, 25));
        }
        Ok(())
    }

    /// Kills the server and waits until it is gone.
    pub fn kill(&self) {
        lock(&self.pipe).take();
        let _ = lock(&self.guard).wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The last lines of a file, or why it cannot be read.
pub fn tail(file: &Path, lines: usize) -> String {
    match fs::read(file) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let all: Vec<&str> = text.lines().collect();
            all[all.len().saturating_sub(lines)..].join("\n")
        }
        Err(why) => format!("({}: {why})", file.display()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
