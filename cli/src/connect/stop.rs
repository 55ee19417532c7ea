//! `homeport connect stop`: whatever is on goes off, in whichever way it was on.

use proto::ipc::Call;

use super::modes::{self, Mode};
use crate::terminal::print;

pub async fn run() -> anyhow::Result<u8> {
    let mut is_stopped = false;
    for (mode, word) in [(Mode::System, "The tunnel is off."), (Mode::UserSpace, "User-space mode has ended.")] {
        match modes::open(mode).await {
            Ok(mut tunnel) => {
                tunnel.call(Call::Disconnect { url: None }).await?;
                print(word);
                is_stopped = true;
            }
            Err(error) if error.is_absent() => {}
            Err(error) => return Err(error.into()),
        }
    }
    if !is_stopped {
        print("The tunnel is off already.");
    }
    Ok(0)
}
