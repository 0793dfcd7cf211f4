//! The client's side against scripted servers: a script says what is expected, and what is answered.

use std::time::Duration;

use posthouse_delivery::Credentials;
use posthouse_delivery::proto::command::Envelope;
use posthouse_delivery::session::{Deadlines, Lost, Phase, Sent, Session, Verdict, open};
use posthouse_types::address::EmailAddress;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

/// Time enough for a step of a script, too little to wait for.
const WAIT: Duration = Duration::from_millis(300);

const DEADLINES: Deadlines = Deadlines {
    greeting: WAIT,
    command: WAIT,
    mail: WAIT,
    rcpt: WAIT,
    data: WAIT,
    block: WAIT,
    end_of_data: WAIT,
};

/// One step: what the client must have said, and the answer.
type Step = (&'static str, &'static str);

const GREETING: Step = ("", "220 mx.example ESMTP\r\n");
const PLAIN_HELLO: Step = ("EHLO ours.example\r\n", "250 mx.example\r\n");
const PIPELINING: Step = (
    "EHLO ours.example\r\n",
    "250-mx.example\r\n250 PIPELINING\r\n",
);
const CHUNKING: Step = (
    "EHLO ours.example\r\n",
    "250-mx.example\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
);
const CONTENT: &str = "Subject: x\r\n\r\n.dot\r\n";

/// Plays a script; returns what came behind it until the client hung up.
fn play(mut stream: DuplexStream, script: Vec<Step>) -> JoinHandle<String> {
    tokio::spawn(async move {
        for (expected, answer) in script {
            let mut heard = vec![0; expected.len()];
            stream.read_exact(&mut heard).await.unwrap();
            assert_eq!(String::from_utf8_lossy(&heard), expected);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        String::from_utf8(rest).unwrap()
    })
}

fn envelope(recipients: usize) -> Envelope {
    let address = |text: String| EmailAddress::parse_strict(&text).unwrap();
    Envelope {
        from: Some(address("a@ours.example".to_owned())),
        recipients: (0..recipients)
            .map(|number| address(format!("r{number}@mx.example")))
            .collect(),
        id: "id".to_owned(),
        size: CONTENT.len(),
        is_8bit: false,
        needs_utf8: false,
        require_tls: false,
    }
}

async fn session(script: Vec<Step>) -> (Result<Session, Lost>, JoinHandle<String>) {
    let (ours, theirs) = duplex(64 * 1024);
    let server = play(theirs, script);
    let greeted = open(Box::new(ours), "mx.example", "ours.example", DEADLINES).await;
    (greeted.map(|greeted| greeted.into_session()), server)
}

/// Sends one message over a script that begins with a greeting.
async fn send(script: Vec<Step>, recipients: usize) -> Sent {
    let (session, server) = session(script).await;
    let mut session = session.unwrap();
    let sent = session
        .send(&envelope(recipients), CONTENT.as_bytes(), &|| true)
        .await;
    drop(session);
    assert_eq!(server.await.unwrap(), "");
    sent
}

fn text(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Taken => "taken".to_owned(),
        Verdict::Open => "open".to_owned(),
        Verdict::Later(reply) => format!("later {reply}"),
        Verdict::Never(reply) => format!("never {reply}"),
        Verdict::NotFromUs(reply) => format!("not from us {reply}"),
    }
}

fn texts(sent: &Sent) -> Vec<String> {
    sent.verdicts.iter().map(text).collect()
}

#[tokio::test]
async fn a_plain_server_is_spoken_to_step_by_step_and_each_recipient_has_an_answer_of_its_own() {
    let sent = send(
        vec![
            GREETING,
            PLAIN_HELLO,
            ("MAIL FROM:<a@ours.example>\r\n", "250 ok\r\n"),
            ("RCPT TO:<r0@mx.example>\r\n", "550 5.1.1 nobody\r\n"),
            ("RCPT TO:<r1@mx.example>\r\n", "250 ok\r\n"),
            ("RCPT TO:<r2@mx.example>\r\n", "451 4.7.1 greylisted\r\n"),
            ("DATA\r\n", "354 go on\r\n"),
            ("Subject: x\r\n\r\n..dot\r\n.\r\n", "250 2.0.0 taken\r\n"),
        ],
        3,
    )
    .await;
    assert_eq!(
        texts(&sent),
        [
            "never 550 5.1.1 nobody",
            "taken",
            "later 451 4.7.1 greylisted"
        ]
    );
    assert_eq!(sent.lost, None);
}

#[tokio::test]
async fn a_server_that_pipelines_gets_the_envelope_at_once() {
    let sent = send(
        vec![
            GREETING,
            PIPELINING,
            (
                "MAIL FROM:<a@ours.example>\r\nRCPT TO:<r0@mx.example>\r\nRCPT TO:<r1@mx.example>\r\nDATA\r\n",
                "250 ok\r\n250 ok\r\n552 too many\r\n354 go on\r\n",
            ),
            ("Subject: x\r\n\r\n..dot\r\n.\r\n", "250 taken\r\n"),
        ],
        2,
    )
    .await;
    assert_eq!(texts(&sent), ["taken", "later 552 too many"]);
}

#[tokio::test]
async fn data_that_is_opened_without_recipients_is_closed_empty() {
    let sent = send(
        vec![
            GREETING,
            PIPELINING,
            (
                "MAIL FROM:<a@ours.example>\r\nRCPT TO:<r0@mx.example>\r\nDATA\r\n",
                "250 ok\r\n550 5.1.1 nobody\r\n354 go on\r\n",
            ),
            (".\r\n", "250 taken, says a liar\r\n"),
        ],
        1,
    )
    .await;
    assert_eq!(texts(&sent), ["never 550 5.1.1 nobody"]);
}

#[tokio::test]
async fn chunks_are_used_where_they_are_offered_and_a_session_goes_on_after_a_refusal() {
    let (opened, server) = session(vec![
        GREETING,
        CHUNKING,
        (
            "MAIL FROM:<a@ours.example>\r\nRCPT TO:<r0@mx.example>\r\n",
            "250 ok\r\n250 ok\r\n",
        ),
        ("BDAT 12\r\nSubject: x\r\n", "250 ok\r\n"),
        ("BDAT 8 LAST\r\n\r\n.dot\r\n", "554 5.6.0 no\r\n"),
        ("RSET\r\n", "250 ok\r\n"),
        (
            "MAIL FROM:<a@ours.example>\r\nRCPT TO:<r0@mx.example>\r\n",
            "250 ok\r\n250 ok\r\n",
        ),
        (
            "BDAT 20 LAST\r\nSubject: x\r\n\r\n.dot\r\n",
            "250 taken\r\n",
        ),
        ("QUIT\r\n", "221 bye\r\n"),
    ])
    .await;
    let mut session = opened.unwrap();
    let first = session
        .send(&envelope(1), CONTENT.as_bytes(), &|| true)
        .await;
    assert_eq!(texts(&first), ["never 554 5.6.0 no"]);
    let second = session
        .send(&envelope(1), CONTENT.as_bytes(), &|| true)
        .await;
    assert_eq!(texts(&second), ["taken"]);
    session.quit().await;
    assert_eq!(server.await.unwrap(), "");
}

#[tokio::test]
async fn smtp_02_a_server_that_only_claims_to_know_chunks_is_never_sent_the_message_as_commands() {
    let both = "MAIL FROM:<a@ours.example>\r\nRCPT TO:<r0@mx.example>\r\n";
    let sent = send(
        vec![
            GREETING,
            CHUNKING,
            (both, "250 ok\r\n250 ok\r\n"),
            ("BDAT 12\r\nSubject: x\r\n", "502 what?\r\n"),
        ],
        1,
    )
    .await;
    assert_eq!(texts(&sent), ["open"]);
    assert!(matches!(sent.lost, Some(Lost::NoChunks(_))), "{sent:?}");
}

#[tokio::test]
async fn a_first_chunk_that_is_refused_for_a_reason_is_the_messages_answer() {
    let both = "MAIL FROM:<a@ours.example>\r\nRCPT TO:<r0@mx.example>\r\n";
    let sent = send(
        vec![
            GREETING,
            CHUNKING,
            (both, "250 ok\r\n250 ok\r\n"),
            ("BDAT 12\r\nSubject: x\r\n", "452 4.3.1 no room\r\n"),
        ],
        1,
    )
    .await;
    assert_eq!(texts(&sent), ["later 452 4.3.1 no room"]);
}

#[tokio::test]
async fn four_twenty_one_ends_the_session_wherever_it_comes() {
    let closing = "421 4.3.2 closing\r\n";
    let mail = ("MAIL FROM:<a@ours.example>\r\n", "250 ok\r\n");
    let rcpt = ("RCPT TO:<r0@mx.example>\r\n", "250 ok\r\n");
    let steps = [
        mail,
        rcpt,
        ("DATA\r\n", "354 go on\r\n"),
        ("Subject: x\r\n\r\n..dot\r\n.\r\n", ""),
    ];
    let phases = [Phase::Mail, Phase::Rcpt, Phase::Data, Phase::EndOfData];
    for (at, phase) in phases.into_iter().enumerate() {
        let mut script = vec![GREETING, PLAIN_HELLO];
        script.extend(&steps[..at]);
        script.push((steps[at].0, closing));
        let sent = send(script, 1).await;
        let Some(Lost::Refused(ended, reply)) = &sent.lost else {
            panic!("{sent:?}")
        };
        assert_eq!(
            (*ended, reply.to_string()),
            (phase, "421 4.3.2 closing".to_owned())
        );
        assert_eq!(texts(&sent), ["open"]);
    }
}

#[tokio::test]
async fn smtp_20_a_server_that_hangs_up_or_falls_silent_in_any_state_ends_its_session_in_time() {
    let steps = [
        GREETING,
        PLAIN_HELLO,
        ("MAIL FROM:<a@ours.example>\r\n", "250 ok\r\n"),
        ("RCPT TO:<r0@mx.example>\r\n", "250 ok\r\n"),
        ("DATA\r\n", "354 go on\r\n"),
        ("Subject: x\r\n\r\n..dot\r\n.\r\n", ""),
    ];
    let phases = [
        Phase::Greeting,
        Phase::Hello,
        Phase::Mail,
        Phase::Rcpt,
        Phase::Data,
        Phase::EndOfData,
    ];
    for silent in [false, true] {
        for (at, phase) in phases.into_iter().enumerate() {
            let (ours, mut theirs) = duplex(64 * 1024);
            let script: Vec<Step> = steps[..at].to_vec();
            let server = tokio::spawn(async move {
                for (expected, answer) in script {
                    let mut heard = vec![0; expected.len()];
                    theirs.read_exact(&mut heard).await.unwrap();
                    theirs.write_all(answer.as_bytes()).await.unwrap();
                }
                if silent {
                    // A byte now and then must not help.
                    while theirs.write_all(b"2").await.is_ok() {
                        tokio::time::sleep(WAIT / 6).await;
                    }
                }
            });
            let opened = open(Box::new(ours), "mx.example", "ours.example", DEADLINES).await;
            let lost = match opened {
                Err(lost) => lost,
                Ok(greeted) => {
                    let mut session = greeted.into_session();
                    let sent = session
                        .send(&envelope(1), CONTENT.as_bytes(), &|| true)
                        .await;
                    sent.lost.expect("the session is over")
                }
            };
            match (&lost, silent) {
                (Lost::Closed(_), false) | (Lost::TimedOut(_), true) => {}
                _ => panic!("{silent} {phase:?}: {lost:?}"),
            }
            if silent || at != 5 {
                assert_eq!(lost.phase(), phase);
            }
            server.await.unwrap();
        }
    }
}

#[tokio::test]
async fn smtp_20_replies_without_end_and_what_is_no_smtp_are_cut_off() {
    let endless = "250-x\r\n".repeat(1_000).leak();
    let line = "2".repeat(70_000).leak();
    for (answer, is_nonsense) in [
        (&*endless, true),
        (&*line, true),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", true),
        ("SSH-2.0-OpenSSH\r\n", true),
        ("354 go on\r\n", false),
    ] {
        let (ours, mut theirs) = duplex(128 * 1024);
        let server = tokio::spawn(async move { theirs.write_all(answer.as_bytes()).await });
        let lost = open(Box::new(ours), "mx.example", "ours.example", DEADLINES)
            .await
            .unwrap_err();
        let matched = match &lost {
            Lost::Nonsense(Phase::Greeting, _) => is_nonsense,
            Lost::Refused(Phase::Greeting, _) => !is_nonsense,
            _ => false,
        };
        assert!(matched, "{lost:?}");
        let reply = lost.as_reply("mx.example");
        assert!(
            reply.bytes().all(|byte| (0x20..0x7f).contains(&byte)),
            "{reply}"
        );
        drop(server.await);
    }
}

#[tokio::test]
async fn a_server_that_knows_no_ehlo_is_greeted_the_old_way() {
    let sent = send(
        vec![
            GREETING,
            ("EHLO ours.example\r\n", "502 what?\r\n"),
            ("HELO ours.example\r\n", "250 mx.example\r\n"),
            ("MAIL FROM:<a@ours.example>\r\n", "452 4.3.1 full\r\n"),
        ],
        2,
    )
    .await;
    assert_eq!(
        texts(&sent),
        ["later 452 4.3.1 full", "later 452 4.3.1 full"]
    );
    let (refused, _) = session(vec![("", "554 5.7.1 no mail here\r\n")]).await;
    assert!(matches!(refused, Err(Lost::Refused(Phase::Greeting, _))));
}

#[tokio::test]
async fn smtp_04_bytes_behind_the_answer_to_starttls_end_the_session() {
    for (answer, is_clean) in [
        ("220 go on\r\n", true),
        ("220 go on\r\n250 injected\r\n", false),
    ] {
        let (ours, theirs) = duplex(64 * 1024);
        let hello = (
            "EHLO ours.example\r\n",
            "250-mx.example\r\n250 STARTTLS\r\n",
        );
        let server = play(theirs, vec![GREETING, hello, ("STARTTLS\r\n", answer)]);
        let greeted = open(Box::new(ours), "mx.example", "ours.example", DEADLINES).await;
        let greeted = greeted.unwrap();
        assert!(greeted.offered().starttls);
        let upgraded = greeted.start_tls().await;
        assert_eq!(upgraded.is_ok(), is_clean);
        let lost = upgraded.err();
        assert_eq!(lost, (!is_clean).then_some(Lost::Injected));
        drop(server.await);
    }
}

#[tokio::test]
async fn names_and_passwords_are_sent_in_the_way_that_is_offered() {
    let credentials = Credentials {
        username: "user".to_owned(),
        password: "secret".to_owned(),
    };
    let hello = |offer: &'static str| ("EHLO ours.example\r\n", offer);
    let scripts: [(Vec<Step>, bool); 3] = [
        (
            vec![
                GREETING,
                hello("250-mx.example\r\n250 AUTH LOGIN PLAIN\r\n"),
                ("AUTH PLAIN AHVzZXIAc2VjcmV0\r\n", "235 2.7.0 welcome\r\n"),
            ],
            true,
        ),
        (
            vec![
                GREETING,
                hello("250-mx.example\r\n250 AUTH LOGIN\r\n"),
                ("AUTH LOGIN\r\n", "334 VXNlcm5hbWU6\r\n"),
                ("dXNlcg==\r\n", "334 UGFzc3dvcmQ6\r\n"),
                ("c2VjcmV0\r\n", "235 welcome\r\n"),
            ],
            true,
        ),
        (
            vec![
                GREETING,
                hello("250-mx.example\r\n250 AUTH PLAIN\r\n"),
                ("AUTH PLAIN AHVzZXIAc2VjcmV0\r\n", "535 5.7.8 who?\r\n"),
            ],
            false,
        ),
    ];
    for (script, welcome) in scripts {
        let (ours, theirs) = duplex(64 * 1024);
        let server = play(theirs, script);
        let greeted = open(Box::new(ours), "mx.example", "ours.example", DEADLINES).await;
        let mut greeted = greeted.unwrap();
        let logged_in = greeted.log_in(&credentials).await;
        assert_eq!(logged_in.is_ok(), welcome, "{logged_in:?}");
        drop(greeted);
        assert_eq!(server.await.unwrap(), "");
    }
}

#[tokio::test]
async fn what_a_server_cannot_take_is_refused_in_its_stead() {
    let offers = "250-mx.example\r\n250 SIZE 100\r\n";
    let (opened, _) = session(vec![GREETING, ("EHLO ours.example\r\n", offers)]).await;
    let session = opened.unwrap();
    let refusal = |change: fn(&mut Envelope)| {
        let mut envelope = envelope(1);
        change(&mut envelope);
        session
            .lacks(&envelope)
            .map(|reply| reply.to_string()[..9].to_owned())
    };
    assert_eq!(refusal(|_| {}), None);
    assert_eq!(refusal(|one| one.size = 101).as_deref(), Some("552 5.3.4"));
    assert_eq!(
        refusal(|one| one.is_8bit = true).as_deref(),
        Some("554 5.6.3")
    );
    assert_eq!(
        refusal(|one| one.needs_utf8 = true).as_deref(),
        Some("550 5.6.7")
    );
    assert_eq!(
        refusal(|one| one.require_tls = true).as_deref(),
        Some("550 5.7.3")
    );
}

#[tokio::test]
async fn store_09_a_message_that_is_no_longer_ours_is_never_ended() {
    let ends = [
        (
            PLAIN_HELLO,
            vec![
                ("MAIL FROM:<a@ours.example>\r\n", "250 ok\r\n"),
                ("RCPT TO:<r0@mx.example>\r\n", "250 ok\r\n"),
                ("DATA\r\n", "354 go on\r\n"),
            ],
        ),
        (
            CHUNKING,
            vec![
                (
                    "MAIL FROM:<a@ours.example>\r\nRCPT TO:<r0@mx.example>\r\n",
                    "250 ok\r\n250 ok\r\n",
                ),
                ("BDAT 12\r\nSubject: x\r\n", "250 ok\r\n"),
            ],
        ),
    ];
    for (hello, transaction) in ends {
        let script = [vec![GREETING, hello], transaction].concat();
        let (session, server) = session(script).await;
        let mut session = session.unwrap();
        let sent = session
            .send(&envelope(1), CONTENT.as_bytes(), &|| false)
            .await;
        assert_eq!(sent.lost, Some(Lost::Outlived));
        assert_eq!(sent.verdicts, [Verdict::Open]);
        drop(session);
        assert_eq!(server.await.unwrap(), "", "something was ended");
    }
}

#[tokio::test]
async fn a_refusal_of_mail_is_told_apart_from_a_refusal_of_its_recipients() {
    let step_by_step = vec![
        GREETING,
        PLAIN_HELLO,
        ("MAIL FROM:<a@ours.example>\r\n", "553 not from you\r\n"),
    ];
    let at_once = vec![
        GREETING,
        PIPELINING,
        (
            "MAIL FROM:<a@ours.example>\r\nRCPT TO:<r0@mx.example>\r\nDATA\r\n",
            "553 not from you\r\n503 what?\r\n503 what?\r\n",
        ),
    ];
    for script in [step_by_step, at_once] {
        let sent = send(script, 1).await;
        assert_eq!(texts(&sent), ["not from us 553 not from you"]);
    }
}
