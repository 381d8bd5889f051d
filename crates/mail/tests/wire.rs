//! What arrives at a mail server, and what is said when nothing does.

use jiff::Timestamp;
use mail::{Address, Mailer, Message, Server};
use testkit::MailServer;

fn message(subject: &str) -> Message {
    let at: Timestamp = "2026-11-24T12:00:00Z".parse().expect("an instant");
    Message {
        id: "notice-1".to_owned(),
        at,
        subject: subject.to_owned(),
        text: "First line.\n.\nA line of a dot stood before this one.\n".to_owned(),
    }
}

fn mailer(url: &str) -> Mailer {
    let server = Server::parse(url, None).expect("a server");
    Mailer::new(&server, "Provost <provost@example.com>".parse().expect("an address")).expect("a mailer")
}

fn to() -> Vec<Address> {
    ["a@example.com", "B <b@example.com>"].map(|text| text.parse().expect("an address")).into()
}

#[tokio::test]
async fn a_message_arrives_whole_at_everybody() {
    let server = MailServer::start().await;
    mailer(&server.url()).send(&to(), &message("Ein Schl\u{fc}ssel l\u{e4}uft ab")).await.expect("sent");
    let [mail] = &server.received()[..] else { panic!("one message") };
    assert_eq!(mail.from, "provost@example.com");
    assert_eq!(mail.to, ["a@example.com", "b@example.com"]);
    assert!(mail.header("subject").contains("=?utf-8?"), "{mail:?}");
    assert_eq!(mail.header("date"), "Tue, 24 Nov 2026 12:00:00 +0000");
    assert_eq!(mail.header("message-id"), "<notice-1@example.com>");
    assert!(mail.header("content-type").starts_with("text/plain"));
    assert!(mail.body().contains("\n.\nA line of a dot"), "{}", mail.body());
}

#[tokio::test]
async fn what_a_stranger_chose_adds_no_header() {
    let server = MailServer::start().await;
    mailer(&server.url())
        .send(&to(), &message("token x\r\nBcc: c@evil.example\r\n\r\n"))
        .await
        .expect("sent");
    let [mail] = &server.received()[..] else { panic!("one message") };
    assert_eq!((mail.header("bcc"), mail.to.len()), (String::new(), 2));
}

#[tokio::test]
async fn why_nothing_arrived_is_said() {
    let server = MailServer::start().await;
    server.refuse(Some("451 come back later"));
    let error = mailer(&server.url()).send(&to(), &message("x")).await.expect_err("refused");
    assert!(error.to_string().contains("come back later"), "{error}");
    let gone =
        tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let error = mailer(&format!("smtp://{gone}")).send(&to(), &message("x")).await.expect_err("nobody there");
    assert!(error.to_string().contains(&gone.to_string()), "{error}");
}

#[tokio::test]
async fn a_user_logs_in_with_the_password() {
    let server = MailServer::start().await;
    let url = server.url().replace("smtp://", "smtp://provost@");
    let logged_in = Server::parse(&url, Some("secret".into())).expect("a server");
    let mailer =
        Mailer::new(&logged_in, "provost@example.com".parse().expect("an address")).expect("a mailer");
    mailer.send(&to(), &message("x")).await.expect("sent");
    assert_eq!((server.log_ins(), server.received().len()), (1, 1));
}
