//! The host key, derived so that it is the same after every restart without being stored. Not a secret that protects
//! anything: clients of a mesh ignore it, and the mesh has already proven who is on the other side.

use russh::keys::PrivateKey;
use russh::keys::ssh_key::private::Ed25519Keypair;
use sha2::{Digest, Sha256};

/// The key of one daemon (spec: agent-rpc.md 7.1, with Ed25519 in place of RSA).
#[must_use]
pub fn derive(owner: &str, workspace: &str, agent: &str) -> PrivateKey {
    let seed = Sha256::digest(fingerprint(owner, workspace, agent).to_be_bytes());
    Ed25519Keypair::from_seed(&seed.into()).into()
}

/// FNV-1a over the three names, separated by zero bytes.
fn fingerprint(owner: &str, workspace: &str, agent: &str) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = [owner.as_bytes(), workspace.as_bytes(), agent.as_bytes()].join(&0);
    bytes.iter().fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests;
