//! A server that tests stop, kill and start again.

use crate::{
    process::{Process, Signal},
    wait::{self, Look},
};
use anyhow::{Context, Result, bail};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A command and the process that runs it now, if any.
#[derive(Debug)]
pub struct Server {
    name: String,
    command: Command,
    log: PathBuf,
    process: Mutex<Option<Process>>,
}

impl Server {
    /// A server that does not run yet.
    pub fn new(name: &str, command: Command, logs: &Path) -> Self {
        Self { name: name.into(), command, log: logs.join(format!("{name}.log")), process: Mutex::new(None) }
    }

    /// Starts it, with the same arguments as ever.
    ///
    /// # Errors
    /// When it runs already, or cannot be started.
    pub fn start(&self) -> Result<()> {
        let mut process = self.lock();
        if process.as_ref().is_some_and(Process::is_running) {
            bail!("{} runs already", self.name);
        }
        *process = Some(Process::start(&self.name, &self.command, &self.log)?);
        Ok(())
    }

    /// Kills it and waits until it is gone.
    pub fn kill(&self) {
        self.lock().take();
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// When it does not run, or does not end in time.
    pub async fn terminate(&self) -> Result<()> {
        self.signal(Signal::Term)?;
        wait::until(&format!("{} ends after SIGTERM", self.name), async || {
            Ok(if self.is_running() { Look::Not("it still runs".into()) } else { Look::Done(()) })
        })
        .await?;
        self.kill();
        Ok(())
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.lock().as_ref().with_context(|| format!("{} does not run", self.name))?.signal(signal)
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.lock().as_ref().is_some_and(Process::is_running)
    }

    /// Fails, with the end of the log, when it does not run.
    ///
    /// # Errors
    /// When it does not run.
    pub fn must_run(&self) -> Result<()> {
        self.lock().as_ref().with_context(|| format!("{} does not run", self.name))?.must_run()
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.lock().as_ref().map(Process::pid)
    }

    /// The server's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its output goes, over all its starts.
    pub fn log(&self) -> &Path {
        &self.log
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
