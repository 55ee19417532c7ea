//! Embeds what `ui` built (`ui/dist`), each file compressed, as the table that `src/http/dashboard.rs` serves. Without it
//! the table is empty and the server says so on its page. No bundling here: that is Vite's work.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sha2::{Digest as _, Sha256};

/// What a build can embed: a bundle is a few dozen files. More is a mistake, such as a folder of modules.
const MOST_FILES: usize = 1000;

fn main() -> io::Result<()> {
    let ui = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../ui");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let dist = ui.join("dist");
    let is_built = dist.join("index.html").is_file();
    // A folder that is not there would make every build begin anew; its parent tells when it comes.
    println!("cargo:rerun-if-changed={}", if is_built { &dist } else { &ui }.display());
    let mut files = Vec::new();
    if is_built {
        list(&dist, &mut files)?;
        files.sort();
    }
    let mut table = String::from("&[\n");
    for (number, file) in files.iter().enumerate() {
        let content = fs::read(file)?;
        let compressed = out.join(format!("{number}.gz"));
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&content)?;
        fs::write(&compressed, gzip.finish()?)?;
        let path = file.strip_prefix(&dist).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let etag: String = Sha256::digest(&content).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let _ = writeln!(
            table,
            "File {{ path: {:?}, etag: {:?}, gzip: include_bytes!({:?}) }},",
            format!("/{path}"),
            format!("\"{etag}\""),
            compressed
        );
    }
    table.push(']');
    fs::write(out.join("dashboard.rs"), table)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
        if files.len() > MOST_FILES {
            return Err(io::Error::other(format!("{} has more than {MOST_FILES} files", folder.display())));
        }
    }
    Ok(())
}
