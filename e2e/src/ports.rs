//! Ports on loopback that nobody else takes before the server that they are for does.
//!
//! They lie below the range from which the kernel takes the ports of outgoing connections, and a lock on a file keeps
//! two beds on one machine apart; the kernel drops the lock with the process.

use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
};

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port that is ours as long as this value lives.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// Takes a free port.
    ///
    /// # Errors
    /// When none is free.
    pub fn take() -> Result<Self> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let folder = std::env::temp_dir().join("ringfence-ports");
        fs::create_dir_all(&folder).context("the folder of port locks")?;
        let start = std::process::id().wrapping_mul(37) as u16 % COUNT;
        for _ in 0..COUNT {
            let number = FIRST + (start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed))) % COUNT;
            let lock = File::options().create(true).append(true).open(folder.join(number.to_string()))?;
            if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        bail!("no free port from {FIRST} to {}", FIRST + COUNT)
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}
