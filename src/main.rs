//! The `ringfence` command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "ringfence", version, about = "Keeps healthcare tenants fenced")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the CustomResourceDefinitions, one file a kind.
    Crds {
        /// Folder to write to.
        #[arg(long, default_value = "crds")]
        out: PathBuf,
    },
}

fn main() {
    match Cli::parse().command {
        Command::Crds { out } => {
            for crd in ringfence::api::crds() {
                let path = out.join(format!("{}.yaml", crd.spec.names.plural));
                let text = serde_saphyr::to_string(&crd).expect("a CRD serialises");
                std::fs::create_dir_all(&out).and_then(|()| std::fs::write(&path, text)).expect("the folder is writable");
            }
        }
    }
}
