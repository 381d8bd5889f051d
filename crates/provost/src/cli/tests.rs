//! What the help promises: every command has an example that its own parser takes, and says what each argument is.

use clap::{Command, CommandFactory as _};

use super::Arguments;

/// A command that does something, with the words that lead to it.
struct Leaf {
    path: Vec<String>,
    command: Command,
}

fn tree() -> Command {
    let mut tree = Arguments::command();
    tree.build();
    tree
}

fn leaves() -> Vec<Leaf> {
    let mut found = Vec::new();
    collect(&tree(), &[], &mut found);
    found
}

fn collect(command: &Command, path: &[String], found: &mut Vec<Leaf>) {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        let path: Vec<String> = path.iter().cloned().chain([sub.get_name().to_owned()]).collect();
        if sub.has_subcommands() {
            collect(sub, &path, found);
        } else {
            found.push(Leaf { path, command: sub.clone() });
        }
    }
}

/// The calls of `provost` in a text, each with the lines that continue it.
fn calls(text: &str) -> Vec<String> {
    let whole = text.replace("\\\n", " ");
    let lines = whole.lines().map(str::trim_start);
    lines.filter(|line| line.starts_with("provost ")).map(str::to_owned).collect()
}

/// The arguments of a call as a shell passes them on, without what it does with the output.
fn arguments(call: &str) -> Vec<String> {
    let words = shlex::split(call).unwrap_or_else(|| panic!("no shell takes this: {call}"));
    words.into_iter().take_while(|word| ![">", "|", "<"].contains(&word.as_str())).collect()
}

/// The command that takes a call, by the words that lead to it; else why none does.
fn taken_by(call: &str) -> Result<Vec<String>, String> {
    let matches = tree().try_get_matches_from(arguments(call)).map_err(|error| format!("{call}\n{error}"))?;
    let mut path = Vec::new();
    let mut at = &matches;
    while let Some((name, next)) = at.subcommand() {
        path.push(name.to_owned());
        at = next;
    }
    Ok(path)
}

/// What a terminal of 80 columns shows as it is: a command that it breaks cannot be copied.
const WIDTH: usize = 80;

/// Fails with all that is wrong at once.
fn nothing(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_tree_of_commands_is_sound() {
    tree().debug_assert();
}

#[test]
fn every_command_has_an_example_that_it_takes() {
    let mut wrong = Vec::new();
    for leaf in leaves() {
        let help = leaf.command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let taken: Vec<_> = calls(&help).iter().map(|call| taken_by(call)).collect();
        if !taken.iter().flatten().any(|path| *path == leaf.path) {
            wrong.push(format!("provost {} --help has no example of it", leaf.path.join(" ")));
        }
        wrong.extend(taken.into_iter().filter_map(Result::err));
        let wide = help.lines().filter(|line| line.starts_with("  ") && line.chars().count() > WIDTH);
        wrong.extend(wide.map(|line| format!("more than {WIDTH} columns: {line}")));
    }
    let overview = tree().get_after_help().map(ToString::to_string).unwrap_or_default();
    wrong.extend(calls(&overview).iter().filter_map(|call| taken_by(call).err()));
    nothing(&wrong);
}

#[test]
fn every_argument_says_what_it_is() {
    let mut wrong = Vec::new();
    for leaf in leaves() {
        let silent = leaf.command.get_arguments().filter(|argument| argument.get_help().is_none());
        let path = leaf.path.join(" ");
        wrong
            .extend(silent.map(|argument| format!("provost {path}: {} is not explained", argument.get_id())));
    }
    nothing(&wrong);
}

#[test]
fn every_call_in_the_documents_is_one_that_the_commands_take() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let docs = std::fs::read_dir(root.join("docs")).expect("the documents are there");
    let docs = docs.map(|entry| entry.expect("readable").path());
    let (mut count, mut wrong) = (0, Vec::new());
    for file in
        docs.chain([root.join("README.md")]).filter(|file| file.extension().is_some_and(|it| it == "md"))
    {
        let text = std::fs::read_to_string(&file).expect("it is text");
        // What stands in blocks of shell lines; prose names commands in part.
        for block in text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            let calls = calls(block);
            count += calls.len();
            wrong.extend(calls.iter().filter_map(|call| taken_by(call).err()));
        }
    }
    nothing(&wrong);
    assert!(count > 40, "only {count} calls were found");
}
