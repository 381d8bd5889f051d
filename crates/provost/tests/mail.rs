//! Whom a job names gets mail when it goes into quarantine.

mod support;

use support::{Server, application, people, wait_until};
use testkit::{MailServer, ScimTarget, Switches};

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_told_once_by_mail() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = ScimTarget::start(Switches::default()).await.expect("a free port");
    let mails = MailServer::start().await;
    let url = mails.url();
    let options = ["--smtp-url", &url, "--mail-from", "provost@example.com", "--mail-to", "ops@example.com"];
    let data_dir = directory.path().join("engine");
    let engine = Server::start_with(&data_dir, &options);
    engine.ok(&["user", "import", people(directory.path(), 3).to_str().expect("ASCII")]);
    application(&engine, directory.path(), &target.base_url(), "no-such-token");
    engine.ok(&["job", "set", "T", "--mail", "it@example.com"]);
    let (report, status) = engine.run(&["job", "run", "T", "--wait"]);
    assert_eq!((status, &report["status"]), (1, &"quarantined".into()), "{report}");
    wait_until("a mail", async || !mails.received().is_empty()).await;
    engine.run(&["job", "run", "T", "--wait"]);
    engine.kill();
    let engine = Server::start_with(&data_dir, &options);
    let shown = engine.table(&["job", "status", "T"]);
    assert!(shown.contains("quarantine  since"), "{shown}");
    // Longer than a round of the new process takes.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let [mail] = &mails.received()[..] else { panic!("one mail: {:?}", mails.received()) };
    assert_eq!(mail.to, ["it@example.com"]);
    assert_eq!(mail.header("subject"), "Provisioning to T is in quarantine: Unauthorized");
    let body = mail.body();
    assert!(body.contains("provost job restart \"T\"") && !body.contains("no-such-token"), "{body}");
    println!("{}", mail.text);
}
