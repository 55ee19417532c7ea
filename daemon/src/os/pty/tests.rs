//! Tests of terminal sizes, modes, and of a real child on a terminal.

use super::*;

#[test]
fn sizes_from_a_wire_are_clamped() {
    let check = |given: (u32, u32, u32, u32), expect: (u16, u16, u16, u16)| {
        let size = Size::clamped(given.0, given.1, given.2, given.3);
        assert_eq!((size.columns, size.rows, size.pixel_width, size.pixel_height), expect, "{given:?}");
    };
    check((132, 43, 0, 0), (132, 43, 0, 0));
    check((0, 0, 0, 0), (80, 24, 0, 0));
    check((1, 1, 65535, 65536), (1, 1, 65535, 65535));
    check((u32::MAX, 65536, u32::MAX, 7), (65535, 65535, 65535, 7));
}

#[tokio::test]
async fn modes_of_the_client_reach_the_terminal() {
    let modes = [(53, 0), (51, 0), (1, 3), (2, 255), (3, 300), (0, 1), (255, 9), (91, 0), (128, 38400)];
    let (_master, slave) = open(Size::clamped(80, 24, 0, 0), &modes).unwrap();
    let termios = tcgetattr(&slave.fd).unwrap();
    assert!(!termios.local_flags.intersects(LocalFlags::ECHO | LocalFlags::ICANON));
    assert!(termios.local_flags.contains(LocalFlags::ISIG));
    let character = |index: SpecialCharacterIndices| termios.control_chars[index as usize];
    assert_eq!(character(SpecialCharacterIndices::VINTR), 3);
    assert_eq!(character(SpecialCharacterIndices::VQUIT), 0);
    assert_eq!(character(SpecialCharacterIndices::VERASE), 0);
}

#[tokio::test]
async fn a_child_has_a_controlling_terminal_and_its_end_is_the_end_of_output() {
    let (master, slave) = open(Size::clamped(100, 30, 0, 0), &[]).unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "stty size </dev/tty; tty >/dev/null && echo terminal"]);
    slave.attach(&mut command).unwrap();
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut output = Vec::new();
    let mut buffer = [0; 512];
    loop {
        let n = master.read(&mut buffer).await.unwrap();
        if n == 0 {
            break;
        }
        output.extend_from_slice(&buffer[..n]);
    }
    assert!(child.wait().await.unwrap().success());
    assert_eq!(String::from_utf8_lossy(&output), "30 100\r\nterminal\r\n");
}
