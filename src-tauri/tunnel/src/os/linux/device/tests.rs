//! Which of the usual reasons an error of the kernel is, and what is said of it.

use std::io;

use nix::libc::{EACCES, EBUSY, EEXIST, EINVAL, EIO, ENODEV, ENOENT, ENXIO, EPERM};
use proto::ipc::HealthCode;

use super::{closed, why};

#[test]
fn the_file_and_the_right_are_two_reasons_with_two_next_steps() {
    let opening = |code: i32| closed(io::Error::from_raw_os_error(code)).health().code;
    let making = |code: i32| why("homeport0", io::Error::from_raw_os_error(code)).health().code;
    for (code, at_open, at_make) in [
        (EACCES, HealthCode::TunClosed, HealthCode::TunDenied),
        (EPERM, HealthCode::TunClosed, HealthCode::TunDenied),
        (ENOENT, HealthCode::TunMissing, HealthCode::TunMissing),
        (ENODEV, HealthCode::TunMissing, HealthCode::TunMissing),
        (ENXIO, HealthCode::TunMissing, HealthCode::TunMissing),
        (EBUSY, HealthCode::MachineRefused, HealthCode::DeviceTaken),
        (EEXIST, HealthCode::MachineRefused, HealthCode::DeviceTaken),
        (EINVAL, HealthCode::MachineRefused, HealthCode::DeviceTaken),
        (EIO, HealthCode::MachineRefused, HealthCode::MachineRefused),
    ] {
        assert_eq!((opening(code), making(code)), (at_open, at_make), "{}", io::Error::from_raw_os_error(code));
    }
    let (file, right) = (HealthCode::TunClosed.next_step(), HealthCode::TunDenied.next_step());
    assert!(file.contains("0666") && !file.contains("CAP_NET_ADMIN"), "{file}");
    assert!(right.contains("CAP_NET_ADMIN") && !right.contains("0666"), "{right}");
}
