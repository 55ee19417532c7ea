//! Terminals: a master that is read and written without blocking, and children whose controlling terminal is the slave.
//! Not for what the bytes mean, nor for when a terminal ends.
#![allow(
    unsafe_code,
    reason = "setsid and TIOCSCTTY must run in the child between fork and exec; resizing is an ioctl"
)]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Stdio;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::termios::{
    ControlFlags, InputFlags, LocalFlags, OutputFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr,
};
use tokio::io::unix::AsyncFd;
use tokio::process::Command;

nix::ioctl_write_ptr_bad!(set_window_size, nix::libc::TIOCSWINSZ, Winsize);
nix::ioctl_write_int_bad!(set_controlling_terminal, nix::libc::TIOCSCTTY);

/// What a terminal is given when the client names no size.
const DEFAULT_SIZE: (u16, u16) = (80, 24);

/// Size of a terminal in characters and pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub columns: u16,
    pub rows: u16,
    pub pixel_width: u16,
    pub pixel_height: u16,
}

impl Size {
    /// From the numbers of a wire: too large ones are clamped, zero columns or rows become the usual 80 x 24.
    #[must_use]
    pub fn clamped(columns: u32, rows: u32, pixel_width: u32, pixel_height: u32) -> Self {
        let clamp = |value: u32| u16::try_from(value).unwrap_or(u16::MAX);
        let or = |value: u32, default: u16| if value == 0 { default } else { clamp(value) };
        Self {
            columns: or(columns, DEFAULT_SIZE.0),
            rows: or(rows, DEFAULT_SIZE.1),
            pixel_width: clamp(pixel_width),
            pixel_height: clamp(pixel_height),
        }
    }

    fn winsize(self) -> Winsize {
        Winsize { ws_row: self.rows, ws_col: self.columns, ws_xpixel: self.pixel_width, ws_ypixel: self.pixel_height }
    }
}

/// Our end of a terminal. Dropping it hangs up: the foreground group gets SIGHUP.
#[derive(Debug)]
pub struct Master {
    fd: AsyncFd<OwnedFd>,
}

/// The end that becomes a child's terminal.
#[derive(Debug)]
pub struct Slave {
    fd: OwnedFd,
}

/// Opens a terminal of this size with the modes of an SSH client (opcode, value; RFC 4254 section 8).
pub fn open(size: Size, modes: &[(u8, u32)]) -> io::Result<(Master, Slave)> {
    let OpenptyResult { master, slave } = openpty(Some(&size.winsize()), None)?;
    for fd in [&master, &slave] {
        // openpty cannot do it by itself: without this, children of other sessions would keep the terminal open.
        fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    let flags = OFlag::from_bits_truncate(fcntl(&master, FcntlArg::F_GETFL)?);
    fcntl(&master, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    if !modes.is_empty() {
        let mut termios = tcgetattr(&slave)?;
        for &(opcode, value) in modes {
            apply_mode(&mut termios, opcode, value);
        }
        tcsetattr(&slave, SetArg::TCSANOW, &termios)?;
    }
    // SAFETY: the descriptor is owned, open, and never replaced while it is registered.
    let fd = unsafe { AsyncFd::register(master) }?;
    Ok((Master { fd }, Slave { fd: slave }))
}

impl Slave {
    /// Makes this the standard streams and the controlling terminal of the child, in a session of its own.
    pub fn attach(self, command: &mut Command) -> io::Result<()> {
        command.stdin(Stdio::from(self.fd.try_clone()?));
        command.stdout(Stdio::from(self.fd.try_clone()?));
        command.stderr(Stdio::from(self.fd));
        // SAFETY: both calls are async-signal-safe and allocate nothing; standard input is the slave by then.
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                set_controlling_terminal(0, 0)?;
                Ok(())
            });
        }
        Ok(())
    }
}

impl Master {
    /// Reads output; 0 once no process has the terminal open and everything was read.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self
            .fd
            .async_io(tokio::io::Interest::READABLE, |fd| nix::unistd::read(fd, buffer).map_err(io::Error::from));
        match read.await {
            // The kernel says EIO, not end of file, when the last slave is closed.
            Err(error) if error.raw_os_error() == Some(Errno::EIO as i32) => Ok(0),
            other => other,
        }
    }

    /// Types into the terminal.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self
                .fd
                .async_io(tokio::io::Interest::WRITABLE, |fd| nix::unistd::write(fd, bytes).map_err(io::Error::from));
            bytes = &bytes[written.await?..];
        }
        Ok(())
    }

    /// Changes the size; programs inside get SIGWINCH.
    pub fn resize(&self, size: Size) -> io::Result<()> {
        let size = size.winsize();
        // SAFETY: the descriptor is open for the life of `self`, and the kernel only reads the structure.
        unsafe { set_window_size(self.fd.get_ref().as_raw_fd(), &raw const size) }?;
        Ok(())
    }
}

fn apply_mode(termios: &mut Termios, opcode: u8, value: u32) {
    if let Some(index) = control_character(opcode) {
        // 255 is the wire's "no character"; Linux writes that as 0.
        termios.control_chars[index as usize] = u8::try_from(value).ok().filter(|c| *c != 255).unwrap_or(0);
        return;
    }
    let on = value != 0;
    match opcode {
        30 => termios.input_flags.set(InputFlags::IGNPAR, on),
        31 => termios.input_flags.set(InputFlags::PARMRK, on),
        32 => termios.input_flags.set(InputFlags::INPCK, on),
        33 => termios.input_flags.set(InputFlags::ISTRIP, on),
        34 => termios.input_flags.set(InputFlags::INLCR, on),
        35 => termios.input_flags.set(InputFlags::IGNCR, on),
        36 => termios.input_flags.set(InputFlags::ICRNL, on),
        38 => termios.input_flags.set(InputFlags::IXON, on),
        39 => termios.input_flags.set(InputFlags::IXANY, on),
        40 => termios.input_flags.set(InputFlags::IXOFF, on),
        41 => termios.input_flags.set(InputFlags::IMAXBEL, on),
        42 => termios.input_flags.set(InputFlags::IUTF8, on),
        50 => termios.local_flags.set(LocalFlags::ISIG, on),
        51 => termios.local_flags.set(LocalFlags::ICANON, on),
        53 => termios.local_flags.set(LocalFlags::ECHO, on),
        54 => termios.local_flags.set(LocalFlags::ECHOE, on),
        55 => termios.local_flags.set(LocalFlags::ECHOK, on),
        56 => termios.local_flags.set(LocalFlags::ECHONL, on),
        57 => termios.local_flags.set(LocalFlags::NOFLSH, on),
        58 => termios.local_flags.set(LocalFlags::TOSTOP, on),
        59 => termios.local_flags.set(LocalFlags::IEXTEN, on),
        60 => termios.local_flags.set(LocalFlags::ECHOCTL, on),
        61 => termios.local_flags.set(LocalFlags::ECHOKE, on),
        70 => termios.output_flags.set(OutputFlags::OPOST, on),
        72 => termios.output_flags.set(OutputFlags::ONLCR, on),
        73 => termios.output_flags.set(OutputFlags::OCRNL, on),
        74 => termios.output_flags.set(OutputFlags::ONOCR, on),
        75 => termios.output_flags.set(OutputFlags::ONLRET, on),
        // Eight bits are what a terminal here always has; seven would cut UTF-8.
        92 => termios.control_flags.set(ControlFlags::PARENB, on),
        93 => termios.control_flags.set(ControlFlags::PARODD, on),
        // Speeds mean nothing without a line, and Linux has no use for the rest.
        _ => {}
    }
}

fn control_character(opcode: u8) -> Option<SpecialCharacterIndices> {
    use SpecialCharacterIndices::{
        VDISCARD, VEOF, VEOL, VEOL2, VERASE, VINTR, VKILL, VLNEXT, VQUIT, VREPRINT, VSTART, VSTOP, VSUSP, VWERASE,
    };
    Some(match opcode {
        1 => VINTR,
        2 => VQUIT,
        3 => VERASE,
        4 => VKILL,
        5 => VEOF,
        6 => VEOL,
        7 => VEOL2,
        8 => VSTART,
        9 => VSTOP,
        10 => VSUSP,
        12 => VREPRINT,
        13 => VWERASE,
        14 => VLNEXT,
        18 => VDISCARD,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
