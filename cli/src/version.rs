//! `homeport version`. Programs that look for `coder` read the first word and a semantic version.

use serde::Serialize;

use crate::table::{Output, print_json};
use crate::terminal::print;

/// The version of Coder's interface that we follow, first because clients parse it; our own behind the plus sign.
pub const COMPATIBLE: &str = concat!("v2.28.0+homeport.", env!("CARGO_PKG_VERSION"));
/// Our own version.
pub const OWN: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// Options of `version`.
#[derive(clap::Args)]
pub struct Args {
    /// How to print it.
    #[arg(short, long, default_value = "table")]
    output: Output,
}

#[derive(Serialize)]
struct Version {
    version: &'static str,
    build_time: &'static str,
    external_url: &'static str,
    slim: bool,
    agpl: bool,
    boring_crypto: bool,
    homeport_version: &'static str,
}

pub fn run(args: Args, called_as_coder: bool) -> anyhow::Result<u8> {
    match args.output {
        Output::Table => print(&text(called_as_coder)),
        Output::Json => print_json(&Version {
            version: COMPATIBLE,
            build_time: "0001-01-01T00:00:00Z",
            external_url: "",
            slim: true,
            agpl: false,
            boring_crypto: false,
            homeport_version: OWN,
        })?,
    }
    Ok(0)
}

/// What `version` and `--version` print. Install scripts check for the word "Coder".
pub fn text(called_as_coder: bool) -> String {
    if called_as_coder {
        format!("Coder {COMPATIBLE} (Homeport {OWN}, works with Coder deployments)")
    } else {
        format!("Homeport {OWN} (works with Coder deployments, as {COMPATIBLE})")
    }
}
