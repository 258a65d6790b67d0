//! The `ringfence` command line.

use std::{error::Error, io::Write, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use jiff::Timestamp;
use ringfence::{api, preview, runtime, telemetry};

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
}

fn main() -> ExitCode {
    rustls::crypto::aws_lc_rs::default_provider().install_default().expect("no provider was installed before");
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ringfence: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Operator(options) => {
            telemetry::start();
            Ok(tokio::runtime::Runtime::new()?.block_on(runtime::run(options))?)
        }
        Command::Crds { out } => Ok(api::write_crds(&out)?),
        Command::Preview(options) => {
            let page = preview::run(&options, Timestamp::now())?;
            Ok(std::io::stdout().write_all(page.as_bytes())?)
        }
    }
}
