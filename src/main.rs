//! The `ringfence` command line.

use std::{error::Error, io::Write, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use jiff::Timestamp;
use ringfence::{api, doctor, explain, people, preview, runtime, status, telemetry};

/// Gives memory back after a list or a rush of reconciles; the C library's does not.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "ringfence", version, about = "Keeps healthcare tenants of a call-tracking platform fenced")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the operator until it is told to stop.
    Operator(runtime::Options),
    /// Write the CustomResourceDefinitions, one file a kind.
    Crds {
        /// Folder to write to.
        #[arg(long, default_value = "crds")]
        out: PathBuf,
    },
    /// Tell what a plan would change, from files alone; nothing is written and no cluster is asked.
    Preview(preview::Options),
    /// Look whether an installation stands; nothing is written. Ends with 0 when it does, 1 when something is wrong or unknown, 2 when nothing could be looked at.
    Doctor(doctor::Options),
    /// Tell why a plan or a BAA is open or closed, and what to do next; nothing is written. Ends with 0 when all is open, 1 when something is closed, 2 when something is unknown.
    Explain(explain::Options),
    /// Tell on one page how a tenant stands: plan, agreements, integrations, and who does what next; nothing is written. Ends with 0 when all is open as asked, 1 when something is closed, 2 when something is unknown.
    Status(status::Options),
    #[command(flatten)]
    Deed(people::Deeds),
}

fn main() -> ExitCode {
    rustls::crypto::aws_lc_rs::default_provider().install_default().expect("no provider was installed before");
    let command = Cli::parse().command;
    let asks = matches!(command, Command::Doctor(_) | Command::Explain(_) | Command::Status(_));
    let failure = if asks { ExitCode::from(2) } else { ExitCode::FAILURE };
    run(command).unwrap_or_else(|error| {
        eprintln!("ringfence: {error}");
        failure
    })
}

fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Operator(options) => {
            telemetry::start();
            tokio::runtime::Runtime::new()?.block_on(runtime::run(options))?;
        }
        Command::Crds { out } => api::write_crds(&out)?,
        Command::Preview(options) => {
            let page = preview::run(&options, Timestamp::now())?;
            std::io::stdout().write_all(page.as_bytes())?;
        }
        Command::Doctor(options) => {
            let (page, passes) = tokio::runtime::Runtime::new()?.block_on(doctor::run(&options))?;
            std::io::stdout().write_all(page.as_bytes())?;
            return Ok(if passes { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Explain(options) => {
            let (page, answer) = tokio::runtime::Runtime::new()?.block_on(explain::run(&options))?;
            std::io::stdout().write_all(page.as_bytes())?;
            return Ok(ExitCode::from(answer as u8));
        }
        Command::Status(options) => {
            let (page, answer) = tokio::runtime::Runtime::new()?.block_on(status::run(&options))?;
            std::io::stdout().write_all(page.as_bytes())?;
            return Ok(ExitCode::from(answer as u8));
        }
        Command::Deed(deed) => {
            let page = tokio::runtime::Runtime::new()?.block_on(people::run(&deed))?;
            std::io::stdout().write_all(page.as_bytes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
