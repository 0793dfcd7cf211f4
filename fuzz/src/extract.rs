//! What is read out of messages for agents: bounded, made of what is there, and nothing that nobody sees.

use posthouse_mime::clean::{Options, conversation, reply_text};
use posthouse_mime::extract::extract;
use posthouse_mime::limits::{
    CLEAN_TEXT_BYTES_MAX, HIDDEN_FRAGMENT_CHARS_MAX, HIDDEN_FRAGMENTS_MAX, LINK_TEXT_CHARS_MAX,
    LINKS_MAX, OTP_CODES_MAX,
};
use posthouse_mime::{hidden_text, parse};

use crate::Target;

/// Cleaning and extraction of one message.
pub const TARGET: Target = Target {
    name: "extract",
    run: fuzz_extract,
    seeds: &[
        b"Content-Type: text/html; charset=utf-8\r\n\r\n<style>.x{display:none}</style><p>Your code is <b>482913</b></p><a href=\"https://app.example/verify?t=1\">Verify</a><p class=x>unseen</p>",
        b"Content-Type: text/html\r\n\r\n<div>Yes.</div><div class=\"gmail_quote\">On Mon, 21 Sep 2026, Bob &lt;bob@shop.example&gt; wrote:<blockquote type=cite>Well?</blockquote></div>",
        b"Content-Type: text/html\r\n\r\n<table><tr><th>a<th>b<tr><td>1<td><ul><li>2<li>3</ul></table><pre>x\n y</pre><h2>t</h2><img src=cid:i alt=pic><hr><ol><li>z</ol>",
        b"List-Unsubscribe: <mailto:u@app.example>, <https://app.example/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nContent-Type: text/plain\r\n\r\nYes.\r\n\r\nOn Mon, 21 Sep 2026, Bob wrote:\r\n> Well?\r\n-- \r\nAnn\r\n",
        b"Subject: 482 913 is your code\r\n\r\nReset your password: https://app.example/r/1.\r\n\r\nVon: Bob\r\nGesendet: Montag\r\nAn: Ann\r\n\r\nalt",
    ],
    dictionary: &[
        b"<", b">", b"</", b"/>", b"\"", b"'", b"=", b"&", b"&#x", b"&lt;", b"<!--", b"-->", b"<![CDATA[", b"<style>", b"</style>", b"<script>", b"</script>", b"<title>",
        b"<table>", b"<tr>", b"<td>", b"</table>", b"<a href=", b"</a>", b"<b>", b"</b>", b"<p>", b"<div ", b"<blockquote type=cite>", b"<li>", b"<ul>", b"<pre>", b"<br>", b"<o:p/>",
        b"style=\"", b"display:none", b"font-size:0", b"color:#fff", b"rgba(", b"url(", b"/*", b"*/", b"\\64", b"{", b"}", b"@media", b";", b":", b"class=gmail_quote ", b"hidden ",
        b"https://", b"http://[", b"javascript:", b"code: ", b"482913", b"ABC-123", b"2026", b"verify", b"unsubscribe", b"\r\n> ", b"\r\n-- \r\n", b"From: ", b"Sent: ", b"To: ", b" wrote:\r\n",
        b"-----Original Message-----", b"Sent from my iPhone", b"Best regards,\r\n", b"\xf3\xa0\x81\x81", b"\xe2\x80\x8b", b"\xe2\x80\xae", b"\xff", b"\0",
    ],
};

/// Cleans and extracts one message in every way.
pub fn fuzz_extract(data: &[u8]) {
    let message = parse(data);
    // All options on, all off, and a mixture that differs from input to input.
    for number in [0, 63, data.len() % 64] {
        let option = |bit: u32| number & 1 << bit != 0;
        let options = Options {
            ignore_links: option(0),
            ignore_images: option(1),
            images_as_markdown: option(2),
            ignore_tables: option(3),
            remove_conclusion_phrases: option(4),
            html_as_markdown: option(5),
        };
        check_text(&conversation(&message, &options));
    }
    let found = extract(data, &message);
    assert_eq!(found, extract(data, &message), "the same answer again");
    assert_eq!(found.reply_text, reply_text(&message));
    check_text(&found.reply_text);
    assert!(found.otp_codes.len() <= OTP_CODES_MAX && found.links.len() <= LINKS_MAX);
    for code in &found.otp_codes {
        assert!((4..=10).contains(&code.code.len()) && code.code.is_ascii());
        assert!((0.5..=0.99).contains(&code.confidence));
    }
    for link in &found.links {
        assert!(!link.url.contains(|c: char| c.is_control() || c == ' '));
        assert!(link.text.chars().count() <= LINK_TEXT_CHARS_MAX);
        let scheme = link.url.split("://").next().unwrap_or_default();
        assert!(["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()));
    }
    let hidden = hidden_text(&message);
    assert!(hidden.fragments.len() <= HIDDEN_FRAGMENTS_MAX);
    for fragment in &hidden.fragments {
        assert!((1..=HIDDEN_FRAGMENT_CHARS_MAX).contains(&fragment.chars().count()));
        assert!(!fragment.contains(char::is_control));
    }
}

fn check_text(text: &str) {
    assert!(text.len() <= CLEAN_TEXT_BYTES_MAX);
    assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
    assert!(!text.starts_with('\n') && !text.ends_with('\n') && !text.contains("\n\n\n"));
}
