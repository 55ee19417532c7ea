//! The page on top of a bundle: what a person who helps reads first. Pure.

/// Everything on the page, in its order. Texts may hold what is private: the page is masked like the rest.
#[derive(Debug, Default)]
pub struct Facts {
    /// When it was made.
    pub time: String,
    /// Programs of ours and their versions.
    pub versions: Vec<(String, String)>,
    /// Operating system, kernel, desktop, processors, memory.
    pub machine: Vec<(&'static str, String)>,
    /// Programs of ours that run.
    pub running: Vec<String>,
    /// What the tunnel says of itself.
    pub tunnel: Vec<String>,
    /// Faults of the tunnel with their next steps.
    pub health: Vec<(String, String)>,
    /// Deployments by host.
    pub deployments: Vec<Deployment>,
    /// The steps of `homeport diagnose`.
    pub diagnosis: Vec<String>,
    /// Programs that were looked for: name, and whether it is there.
    pub programs: Vec<(&'static str, bool)>,
    /// What else is in the archive.
    pub parts: Vec<String>,
}

/// One deployment.
#[derive(Debug, Default)]
pub struct Deployment {
    /// Host and port.
    pub host: String,
    /// This computer's own server.
    pub is_local: bool,
    /// What it said of itself and of our workspaces, or why nothing.
    pub lines: Vec<String>,
    /// `homeport netcheck` there.
    pub network: Vec<String>,
}

/// The page.
pub fn text(facts: &Facts) -> String {
    let mut page = format!(
        "Homeport support bundle, {}\n\n\
         Secrets, names of people and home folders are masked in every file: <secret>, <user>, ~. Ids are numbered, the\n\
         same number everywhere. Addresses and names of hosts and workspaces are left: they are what is looked at. Read it\n\
         before you give it away.\n",
        facts.time
    );
    section(&mut page, "Versions", facts.versions.iter().map(pair));
    section(&mut page, "This computer", facts.machine.iter().map(pair));
    section(&mut page, "Running", facts.running.iter().cloned());
    section(&mut page, "Tunnel", facts.tunnel.iter().cloned());
    let faults = facts.health.iter().map(|(title, next)| format!("! {title}\n    next: {next}"));
    section(&mut page, "Faults of the tunnel", faults);
    for deployment in &facts.deployments {
        let kind = if deployment.is_local { " (this computer)" } else { "" };
        let network = deployment.network.iter().map(|line| format!("network: {line}"));
        section(
            &mut page,
            &format!("Deployment {}{kind}", deployment.host),
            deployment.lines.iter().cloned().chain(network),
        );
    }
    section(&mut page, "Diagnosis", facts.diagnosis.iter().cloned());
    let found = |is_there| {
        facts.programs.iter().filter(move |(_, is)| *is == is_there).map(|(name, _)| *name).collect::<Vec<_>>()
    };
    let programs = [("found", found(true)), ("not found", found(false))];
    section(&mut page, "Programs", programs.iter().map(|(word, names)| format!("{word}: {}", names.join(", "))));
    section(&mut page, "In this archive", facts.parts.iter().cloned());
    page
}

fn pair<T: AsRef<str>>((name, value): &(T, String)) -> String {
    format!("{}: {value}", name.as_ref())
}

fn section(page: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    page.push_str(&format!("\n{title}\n"));
    let start = page.len();
    for line in lines {
        for line in line.lines() {
            page.push_str(&format!("  {line}\n"));
        }
    }
    if page.len() == start {
        page.push_str("  nothing\n");
    }
}

#[cfg(test)]
mod tests;
