//! Mail that people and their programs write, from small servers that prove nothing of themselves, stays well below the
//! threshold: no single mark more would carry it to Junk.

use posthouse_rules::spam::{Asked, Authentication, Outcome, THRESHOLD};

use super::letter::{Envelope, examine};

/// Below the threshold by this much, with odd headers counted and nothing learned.
const MARGIN: f64 = 1.5;

const NOTHING_PROVEN: Authentication = Authentication {
    spf: Outcome::Unknown,
    dkim: Outcome::Unknown,
    dmarc: Outcome::Unknown,
    policy: Asked::Nothing,
    is_vouched_for: false,
};

/// What every program that writes mail adds.
const USUAL: &str = "To: triage@agents.localhost\nDate: Tue, 24 Nov 2026 01:00:00 +0000\n\
                     Message-ID: <20261124.1@mail.small.example>\nMIME-Version: 1.0\n";

fn score(raw: &str) -> (f64, String) {
    let raw = raw.replace('\n', "\r\n");
    let message = posthouse_mime::parse(raw.as_bytes());
    let envelope = Envelope {
        helo: "mail.small.example",
        our_domains: &["agents.localhost"],
        // 24 Nov 2026 01:01:00
        arrived_at: 1_795_482_060,
        authentication: Some(NOTHING_PROVEN),
    };
    let findings = examine(raw.as_bytes(), &message, &envelope, None);
    let score = findings.score(true, &[], THRESHOLD);
    let names: Vec<&str> = score.signals.iter().map(|signal| signal.name).collect();
    (score.score, names.join(", "))
}

const PLAIN: &str = "Content-Type: text/plain; charset=utf-8\n";
const HTML: &str = "Content-Type: text/html; charset=utf-8\n";

/// Who writes, more of the head, and the text.
const LETTERS: [(&str, &str, &str, &str); 22] = [
    (
        "Ann Weber <ann@small.example>",
        "Subject: Lunch on Thursday\n",
        PLAIN,
        "Hi,\n\nare you free on Thursday at noon? I have booked a table for four.\n\nAnn\n",
    ),
    (
        "Web form <www-data@shop.example>",
        "Subject: Contact form: question about delivery\nReply-To: Jonas Novak <jonas.novak@gmail.com>\n",
        PLAIN,
        "Name: Jonas Novak\nMail: jonas.novak@gmail.com\n\nDo you deliver to Bergen? Thanks!\n",
    ),
    (
        "\"jonas@post.example via Contact form\" <noreply@forms.example>",
        "Subject: New message from your site\nReply-To: jonas@post.example\n",
        PLAIN,
        "Somebody wrote through the form at https://forms.example/1234:\n\nHow much is the blue one?\n",
    ),
    (
        "builds <ci@build.lan>",
        "Subject: [web] Build #4312 FAILED\nAuto-Submitted: auto-generated\n",
        PLAIN,
        "Job web-deploy failed on runner 3.\n\nLog: http://10.20.0.7:8080/job/web-deploy/4312/console\nTests: http://ci:8080/web/4312\n",
    ),
    (
        "Small News <news@small.example>",
        "Subject: What is new in November\nList-Unsubscribe: <https://small.example/leave?u=17>\nPrecedence: bulk\n",
        HTML,
        "<h1>November</h1><p>We have moved to a larger workshop and two new colleagues have joined us.</p>\
      <p><a href=\"https://click.mailer.example/c/1\">small.example/news</a></p>\
      <p><a href=\"https://click.mailer.example/c/2\">Read about the workshop</a></p>\
      <img src=\"https://click.mailer.example/o.gif\" width=1 height=1>",
    ),
    (
        "Fotohaus <post@fotohaus.example>",
        "Subject: Herbstkalender\nList-Unsubscribe: <https://fotohaus.example/ab>\n",
        HTML,
        "<a href=\"https://fotohaus.example/kalender\"><img src=\"https://fotohaus.example/k.jpg\" alt=\"Kalender\"></a>",
    ),
    (
        "Katrin Ulrich <katrin@werkstatt.example>",
        "Subject: Angebot für die Reparatur\n",
        PLAIN,
        "Guten Tag,\n\nanbei wie besprochen unser Angebot über 1.250,00 €. Bei Fragen rufen Sie gern an: 030 1234567.\n\nMit freundlichen Grüßen\nKatrin Ulrich\n",
    ),
    (
        "佐藤 浩 <sato@kobo.example>",
        "Subject: 打ち合わせの件\n",
        PLAIN,
        "お世話になっております。\n\n来週の打ち合わせですが、木曜日の午後はいかがでしょうか。資料は https://kobo.example/shiryo にあります。\n\n佐藤\n",
    ),
    (
        "Дмитрий Орлов <orlov@zavod.example>",
        "Subject: Счёт за октябрь\n",
        PLAIN,
        "Добрый день!\n\nНаправляем счёт за октябрь на сумму 48 500 руб. Доставка в Wi-Fiную зону и тест на COVIDe не нужны.\n\nС уважением,\nДмитрий Орлов\n",
    ),
    (
        "ليلى حداد <layla@dar.example>",
        "Subject: موعد الاجتماع\n",
        PLAIN,
        "مرحبا،\n\nهل يناسبك الاجتماع يوم الخميس في العاشرة صباحا؟\n\nليلى\n",
    ),
    (
        "Greta Petersen <greta@small.example>",
        "Subject: Fwd: Invoice 2231\n",
        PLAIN,
        "Can you have a look?\n\n---------- Forwarded message ----------\nFrom: Billing <billing@host.example>\nSubject: Invoice 2231\n\nYour invoice of 39.00 EUR is at https://host.example/i/2231\n",
    ),
    (
        "Luis Rossi via users <users@lists.small.example>",
        "Subject: Re: [users] index gone after upgrade\nList-Id: <users.lists.small.example>\nList-Post: <mailto:users@lists.small.example>\nReply-To: users@lists.small.example\nIn-Reply-To: <7@lists.small.example>\nPrecedence: list\nList-Unsubscribe: <mailto:users-leave@lists.small.example>\n",
        PLAIN,
        "On Monday Elena wrote:\n> it is gone\n\nHave you run the migration? See https://docs.small.example/upgrade\n\n_______\nusers mailing list\n",
    ),
    (
        "Mail Delivery System <MAILER-DAEMON@mail.small.example>",
        "Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\n",
        PLAIN,
        "This is the mail system at host mail.small.example.\n\n<bruno@gone.example>: host mx.gone.example[203.0.113.9] said: 550 5.1.1 no such user\n",
    ),
    (
        "Copperleaf <no-reply@copperleaf.example>",
        "Subject: 482913 is your code\n",
        PLAIN,
        "Your code is 482913. It is good for ten minutes. Do not tell it to anybody.\n",
    ),
    (
        "Kestrel <hello@kestrel.example>",
        "Subject: Confirm your address\n",
        HTML,
        "<p>Welcome!</p><p><a href=\"https://kestrel.example/confirm?t=9f8e7d6c5b4a39281706\">Confirm your address</a></p>",
    ),
    (
        "Farid Okafor <farid@small.example>",
        "Subject: Invitation: planning @ Thu 10am\n",
        "Content-Type: multipart/mixed; boundary=b\n",
        "--b\nContent-Type: text/plain\n\nYou are invited to: planning, Thursday 10am\n--b\nContent-Type: text/calendar; method=REQUEST\nContent-Disposition: attachment; filename=\"invite.ics\"\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n--b--\n",
    ),
    (
        "Harbor Store <orders@harbor.example>",
        "Subject: Your order 40012999 is on its way\n",
        HTML,
        "<p>Thank you for your order 40012999 of 129.90 EUR.</p><ul><li><a href=\"https://harbor.example/p/1\">Lamp</a></li>\
      <li><a href=\"https://harbor.example/p/2\">Table</a></li></ul><p><a href=\"https://track.parcel.example/t/JD0146\">Track it</a>, \
      <a href=\"https://harbor.example/help\">help</a>, <a href=\"https://pay.example/r/77\">receipt</a></p>",
    ),
    (
        "Ines Vasquez <ines@small.example>",
        "Subject: photos\n",
        PLAIN,
        "https://photos.small.example/a/1\n",
    ),
    (
        "root <root@nas.local>",
        "Subject: Cron <backup@nas> /usr/local/bin/backup\nAuto-Submitted: auto-generated\n",
        PLAIN,
        "rsync: 14,233,812 bytes sent\nhttp://192.168.1.20:5000/log\n",
    ),
    (
        "Hiro Tanaka <hiro@gmail.com>",
        "Subject: CV and references\n",
        "Content-Type: multipart/mixed; boundary=b\n",
        "--b\nContent-Type: text/plain\n\nHello, please find my CV attached. I am looking forward to hearing from you.\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"cv.pdf\"\n\n%PDF-1.4\n--b--\n",
    ),
    (
        "Elena Quintero <elena@small.example>",
        "Subject: URGENT!! the site is down\nX-Priority: 1\n",
        PLAIN,
        "The shop answers 502 since 9:40, see https://status.small.example/. Who can look?\n",
    ),
    (
        "Münchner Bücher <post@xn--bcher-kva.example>",
        "Subject: Ihre Bestellung\n",
        HTML,
        "<p>Ihre Bestellung liegt bereit: <a href=\"https://bücher.example/b/3\">bücher.example</a></p>",
    ),
];

#[test]
fn ordinary_mail_of_small_senders_stays_far_from_junk() {
    for (author, fields, kind, text) in LETTERS {
        let raw = format!("From: {author}\n{USUAL}{fields}{kind}\n{text}");
        let (score, why) = score(&raw);
        assert!(
            score <= THRESHOLD - MARGIN,
            "{author}: {score} by {why}\n{raw}"
        );
    }
}

#[test]
fn a_forgery_that_runs_programs_is_past_the_threshold_by_itself() {
    let raw = format!(
        "From: \"billing@bank.example\" <x7@cheap.example>\n{USUAL}Subject: Re: YOUR ACCOUNT IS LOCKED!!\n\
         Content-Type: text/html\n\n<a href=\"http://bank.example.cheap.example/login\">https://bank.example/login</a>"
    );
    let (score, why) = score(&raw);
    assert!(score > THRESHOLD, "{score} by {why}");
}
