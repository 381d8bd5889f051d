//! The commands as scripts use them, against a server of their own.

mod support;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use support::{Server, Tenant};

#[tokio::test(flavor = "multi_thread")]
async fn tables_for_expressions() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let path = dir.path().join("centres.csv");
    let path = path.to_str().expect("a path of ASCII");
    server.ok(&["app", "create", "--template", "scim", "--name", "Desks"]);
    std::fs::write(path, "\u{feff}Sales,4711\n\"Research, Basic\",4712\n,0000\n")
        .expect("the file can be written");
    let saved = server.ok(&["job", "table", "set", "Desks", "cost centres", path]);
    assert_eq!(saved, json!({"name": "cost centres", "rows": 3}));
    assert_eq!(server.ok(&["job", "table", "list", "Desks"])["value"][0]["rows"], 3);
    let rows = json!({"Sales": "4711", "Research, Basic": "4712", "": "0000"});
    assert_eq!(server.ok(&["job", "table", "show", "Desks", "cost centres"])["rows"], rows);
    for (text, message) in
        [("a,b\nc\n", "line 2 has 1 columns"), ("a,b\na,c\n", "line 2: \"a\" is there already")]
    {
        std::fs::write(path, text).expect("the file can be written");
        let (answer, status) = server.run(&["job", "table", "set", "Desks", "cost centres", path]);
        assert_eq!(status, 1);
        assert!(answer["error"]["message"].as_str().is_some_and(|it| it.ends_with(message)), "{answer}");
    }
    server.ok(&["job", "table", "delete", "Desks", "cost centres"]);
    let (answer, _) = server.run(&["job", "table", "show", "Desks", "cost centres"]);
    assert_eq!(answer["error"]["message"], "The job has no table 'cost centres'.");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_file_to_accounts_and_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let tenant = Tenant::create(&server);
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("the file can be written");
        path.to_str().expect("a path of ASCII").to_owned()
    };
    let users = file(
        "users.csv",
        "userPrincipalName,displayName,givenName,surname,manager,accountEnabled\n\
         o'brien+x@contoso.example,Seán Ó Briain,Seán,Ó Briain,王@contoso.example,True\n\
         王@contoso.example,王伟,伟,王,,True\n\
         out@contoso.example,Out Sider,Out,Sider,,True\n",
    );
    let groups = file(
        "groups.csv",
        "displayName,mailNickname,description,memberUserPrincipalName\n\
         \"Desk \"\"A\"\" & B\",desks,,o'brien+x@contoso.example\n\
         \"Desk \"\"A\"\" & B\",desks,,王@contoso.example\n",
    );
    server.ok(&["user", "import", &users]);
    server.ok(&["group", "import", &groups]);
    assert_eq!(server.ok(&["user", "show", "o'brien+x@contoso.example"])["manager"], "王@contoso.example");
    assert_eq!(server.ok(&["gallery", "list", "office"])["value"][0]["id"], "officespace");

    let token = file("token", &tenant.token);
    let create =
        ["app", "create", "--template", "officespace", "--name", "Desks", "--tenant-url", &tenant.base_url];
    server.ok(&[&create[..], &["--secret-token-file", &token]].concat());
    server.ok(&["app", "assign", "Desks", "--group", "Desk \"A\" & B", "--role", "User"]);
    assert_eq!(server.ok(&["job", "test", "Desks"]), json!({"connected": true}));
    let report = server.ok(&["job", "run", "Desks", "--wait"]);
    assert_eq!(report["created"], 3, "two users and a group: {report}");
    assert_eq!(report["failed"], 0, "{report}");

    let accounts = tenant.users().await;
    assert_eq!(accounts.len(), 2);
    let worker =
        accounts.iter().find(|user| user["userName"] == "o'brien+x@contoso.example").expect("an account");
    let manager = accounts.iter().find(|user| user["userName"] == "王@contoso.example").expect("an account");
    let extension = &worker["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"];
    assert_eq!(extension["manager"]["value"], manager["id"]);

    server.ok(&["group", "remove-member", "Desk \"A\" & B", "o'brien+x@contoso.example"]);
    server.ok(&["group", "add-member", "Desk \"A\" & B", "out@contoso.example"]);
    let report = server.ok(&["job", "run", "Desks", "--wait"]);
    assert_eq!(
        (&report["kind"], &report["created"], &report["disabled"]),
        (&json!("incremental"), &json!(1), &json!(1)),
        "{report}"
    );
    let log = server.ok(&["log", "list", "Desks", "--user", "o'brien+x@contoso.example"]);
    assert_eq!(log["value"].as_array().map(Vec::len), Some(2), "a creation and a disabling: {log}");
}

#[test]
fn users_come_and_go_and_come_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let file = dir.path().join("users.csv");
    std::fs::write(
        &file,
        "userPrincipalName,displayName\nada@contoso.example,Ada\nbob@contoso.example,Bob\n",
    )
    .expect("written");
    let file = file.to_str().expect("ASCII");
    let report = server.ok(&["user", "import", file, "--dry-run"]);
    assert_eq!(report["created"], 2, "{report}");
    assert_eq!(server.ok(&["user", "list"])["value"], json!([]));
    server.ok(&["user", "import", file]);
    let report = server.ok(&["user", "import", file]);
    assert_eq!((&report["created"], &report["unchanged"]), (&json!(0), &json!(2)), "{report}");

    server.ok(&["user", "disable", "ada@contoso.example"]);
    assert_eq!(server.ok(&["user", "show", "ada@contoso.example"])["accountEnabled"], false);
    server.ok(&["user", "delete", "ada@contoso.example"]);
    assert_eq!(server.run(&["user", "show", "ada@contoso.example"]).1, 1);
    server.ok(&["user", "restore", "ada@contoso.example"]);
    assert_eq!(server.ok(&["user", "show", "ada@contoso.example"])["displayName"], "Ada");
    server.ok(&["user", "delete", "ada@contoso.example", "--permanent"]);
    assert_eq!(server.run(&["user", "restore", "ada@contoso.example"]).1, 1);
}

#[test]
fn a_name_changes_hands_within_a_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let id = |number: u32| format!("0a0a0a0a-0000-4000-8000-00000000000{number}");
    let import = |rows: &[(u32, &str)]| {
        let rows = rows.iter().map(|(number, name)| format!("{},{name}@x.example,{name}\n", id(*number)));
        let text: String =
            std::iter::once("objectId,userPrincipalName,displayName\n".to_owned()).chain(rows).collect();
        let file = dir.path().join("users.csv");
        std::fs::write(&file, text).expect("written");
        server.ok(&["user", "import", file.to_str().expect("ASCII")])
    };
    import(&[(1, "jan"), (2, "kim")]);
    let report = import(&[(3, "jan"), (1, "kim"), (2, "kim.old")]);
    assert_eq!((&report["created"], &report["updated"]), (&json!(1), &json!(2)), "{report}");
    assert_eq!(server.ok(&["user", "show", "jan@x.example"])["id"], id(3));
    assert_eq!(server.ok(&["user", "show", "kim@x.example"])["id"], id(1));
}

#[test]
fn lists_are_whole_unless_told_otherwise() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let file = support::people(dir.path(), 1203);
    server.ok(&["user", "import", file.to_str().expect("ASCII")]);
    let count = |arguments: &[&str]| server.ok(arguments)["value"].as_array().map(Vec::len);
    assert_eq!(count(&["user", "list"]), Some(1203));
    assert_eq!(count(&["user", "list", "--top", "7"]), Some(7));
    assert_eq!(count(&["user", "list", "user12@"]), Some(1));
}

#[test]
fn an_application_goes_by_each_of_its_ids() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let first = server.ok(&["app", "create", "--template", "scim", "--name", "Same"]);
    let second = server.ok(&["app", "create", "--template", "scim", "--name", "Same"]);
    for made in [&first, &second] {
        for member in ["id", "servicePrincipalId", "applicationId", "jobId"] {
            let id = made[member].as_str().expect("an id");
            assert_eq!(server.ok(&["job", "status", id])["id"], made["jobId"], "{member}");
        }
    }
    let (refused, status) = server.run(&["app", "show", "Same"]);
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert_eq!(status, 1);
    assert!(message.contains(first["id"].as_str().expect("an id")), "{message}");
    assert!(message.contains(second["id"].as_str().expect("an id")), "{message}");
}

#[test]
fn tokens_are_rotated_and_revoked() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let tenant = server.ok(&["tenant", "create", "contoso"]);
    for member in ["tenant", "scimBaseUrl", "pathBaseUrl", "token", "tokenId"] {
        assert!(tenant[member].is_string(), "{member}: {tenant}");
    }
    let rotated = server.ok(&["token", "rotate", "contoso"]);
    assert_ne!(rotated["token"], tenant["token"]);
    let id = rotated["id"].as_str().expect("an id");
    let live = server.ok(&["token", "list", "contoso"]);
    assert_eq!(live["value"].as_array().map(Vec::len), Some(2), "the old one stays for the overlap: {live}");
    assert_eq!(server.run(&["token", "rotate", "contoso"]).1, 1, "two are live: name one");
    server.ok(&["token", "revoke", "contoso", id]);
    server.ok(&["tenant", "delete", "contoso"]);
    assert_eq!(server.ok(&["tenant", "list"])["value"], json!([]));
}

#[cfg(unix)]
#[test]
fn the_files_of_a_server_are_private_and_a_signal_ends_it_well() {
    use std::io::BufRead as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::{Command, Stdio};
    let dir = tempfile::tempdir().expect("a directory");
    let mut server = Command::new(env!("CARGO_BIN_EXE_provost"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut lines = std::io::BufReader::new(server.stdout.take().expect("it is piped")).lines();
    let first = lines.next().expect("a line").expect("readable");
    assert!(first.starts_with("listening on http://127.0.0.1:"), "{first}");
    let mode = |name: &str| {
        let metadata = std::fs::metadata(dir.path().join(name)).expect("the file is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode("admin-token"), 0o600);
    assert_eq!(mode("server.json"), 0o600);
    let sent = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    assert_eq!(server.wait().expect("it ends").code(), Some(0));
    assert!(!dir.path().join("server.json").exists());
    assert!(lines.next().is_none(), "one line and no more");
}

/// The script in the README, which is the only block of `bash` there.
fn script_of_the_readme() -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).expect("the README is there");
    let (_, rest) = readme.split_once("```bash\n").expect("the README has a script");
    let (script, rest) = rest.split_once("```").expect("the script ends");
    assert!(!rest.contains("```bash\n"), "the README has one script");
    script.to_owned()
}

/// Whether a program that not every machine has is there. `.ci/run` installs each of them.
fn there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let there = found.is_ok_and(|status| status.success());
    if !there {
        eprintln!("{program} is not installed: what needs it is left out");
    }
    there
}

/// What a shell prints that runs a script in a folder, with `provost` on its path.
fn shell(program: &str, options: &[&str], folder: &Path, script: &str) -> String {
    let binaries = Path::new(env!("CARGO_BIN_EXE_provost")).parent().expect("it lies in a folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(binaries.to_owned()).chain(std::env::split_paths(&path));
    let output = Command::new(program)
        .args(options)
        .args(["-c", script])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(path).expect("a list of folders"))
        .env("HOME", folder)
        .env_remove("PROVOST_URL")
        .env_remove("PROVOST_TOKEN")
        .stdin(Stdio::null())
        .output()
        .expect("the shell runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} ended with {}:\n{words}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_configured_by_the_script_of_the_readme_alone() {
    if !there("bash") || !there("jq") {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("provost-data"));
    std::fs::write(
        dir.path().join("users.csv"),
        "userPrincipalName,displayName,givenName,surname,department,accountEnabled\n\
         ada@contoso.example,Ada Lovelace,Ada,Lovelace,Sales,True\n\
         bob@contoso.example,Bob Noyce,Bob,Noyce,Finance,True\n",
    )
    .expect("written");
    let groups =
        "displayName,memberUserPrincipalName\nDesks,ada@contoso.example\nDesks,bob@contoso.example\n";
    std::fs::write(dir.path().join("groups.csv"), groups).expect("written");

    let shown = shell("bash", &[], dir.path(), &script_of_the_readme());
    let last = shown.lines().last().unwrap_or_default();
    assert_eq!(last, "users in the tenant contoso: 1", "{shown}");
    assert!(shown.contains("the plan creates 2 accounts and groups"), "Ada and the group: {shown}");
    assert!(shown.contains("create success ada@contoso.example"), "{shown}");

    // Only Ada passes the filter, and the mapping gave her the name that everybody calls her by.
    let made = server.ok(&["token", "create", "contoso", "--read-only"]);
    let tenant = server.ok(&["tenant", "show", "contoso"]);
    let tenant = Tenant {
        client: reqwest::Client::new(),
        base_url: tenant["pathBaseUrl"].as_str().expect("an address").to_owned(),
        token: made["token"].as_str().expect("a token").to_owned(),
    };
    let accounts = tenant.users().await;
    assert_eq!(accounts.len(), 1, "{accounts:?}");
    assert_eq!(
        (&accounts[0]["userName"], &accounts[0]["nickName"]),
        (&json!("ada@contoso.example"), &json!("Ada"))
    );
    let job = server.ok(&["job", "status", "OfficeSpace"]);
    assert_eq!((&job["started"], &job["interval"]), (&json!(true), &json!("PT20M")), "{job}");
}

#[cfg(unix)]
#[test]
fn shells_complete_commands() {
    let dir = tempfile::tempdir().expect("a directory");
    let asked = [
        (
            "bash",
            &["--norc"][..],
            "source <(provost completion bash)\n\
             COMP_WORDS=(provost job sta) COMP_CWORD=2\n\
             _provost provost sta job\n\
             printf '%s\\n' \"${COMPREPLY[@]}\"",
        ),
        (
            "fish",
            &["--no-config"],
            "provost completion fish | source; complete -C 'provost job sta' | cut -f 1",
        ),
        // Nobody types into this one: what it would show is printed instead.
        (
            "zsh",
            &["-f"],
            "autoload -Uz compinit && compinit -u -D && eval \"$(provost completion zsh)\"\n\
             _describe() { print -l -- ${${(P)4}%%:*} }\n\
             [[ ${_comps[provost]} == _provost ]] && _provost__subcmd__job_commands",
        ),
    ];
    for (program, options, script) in asked.into_iter().filter(|(program, ..)| there(program)) {
        let shown = shell(program, options, dir.path(), script);
        let words: Vec<&str> = shown.lines().collect();
        for word in ["staged", "start", "status"] {
            assert!(words.contains(&word), "{program} completes no {word}: {shown}");
        }
    }
}
