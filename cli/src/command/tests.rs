//! The tree of commands: well formed, and no argument of a command takes the place of a global option.

use clap::{CommandFactory, Parser};

use super::*;

#[test]
fn the_tree_is_well_formed() {
    Homeport::command().debug_assert();
}

#[test]
fn arguments_of_commands_are_not_global_options() {
    fn check(command: &clap::Command, globals: &[String]) {
        for inner in command.get_subcommands() {
            for argument in inner.get_arguments() {
                let name = argument.get_id().to_string();
                assert!(!globals.contains(&name), "`{name}` of `{}` is a global option", inner.get_name());
            }
            check(inner, globals);
        }
    }
    let tree = Homeport::command();
    let globals: Vec<String> =
        tree.get_arguments().filter(|a| a.is_global_set()).map(|a| a.get_id().to_string()).collect();
    assert!(globals.contains(&"token".to_owned()));
    check(&tree, &globals);
}

#[test]
fn what_follows_the_workspace_belongs_to_its_command() {
    #[track_caller]
    fn check(given: &[&str], expect_stdio: bool, expect_command: &[&str]) {
        let words = ["homeport", "ssh"].iter().chain(given);
        let Some(Command::Ssh(args)) = Homeport::try_parse_from(words).unwrap().command else { panic!("{given:?}") };
        assert_eq!(
            (args.is_stdio(), args.command()),
            (expect_stdio, expect_command.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>().as_slice())
        );
    }
    check(&["box"], false, &[]);
    check(&["--stdio", "box"], true, &[]);
    check(&["box", "--stdio"], true, &[]);
    check(&["box", "--", "ls", "-l"], false, &["ls", "-l"]);
    check(&["box", "ls", "-l", "--stdio"], false, &["ls", "-l", "--stdio"]);
}
