//! Whole messages of the usual mail programs, cleaned.

use posthouse_mime::clean::{Options, conversation, reply_text};
use posthouse_mime::parse;
use proptest::prelude::*;

use crate::reader::crlf;

fn html(body: &str) -> Vec<u8> {
    crlf(&format!(
        "From: Ann Lee <ann@shop.example>\nSubject: Re: Tuesday\nContent-Type: text/html; charset=utf-8\n\n{body}\n"
    ))
}

fn reply(raw: &[u8]) -> String {
    reply_text(&parse(raw))
}

fn cleaned(body: &str, options: Options) -> String {
    conversation(&parse(&html(body)), &options)
}

const EVERYTHING: Options = Options {
    ignore_links: false,
    ignore_images: false,
    images_as_markdown: true,
    ignore_tables: false,
    remove_conclusion_phrases: false,
    html_as_markdown: true,
};

#[test]
fn the_reply_is_what_stands_above_the_quotes_of_the_usual_programs() {
    let table = [
        (
            "Gmail",
            "<div dir=\"ltr\">Yes, Tuesday works.</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=\"ltr\" class=\"gmail_attr\">On Mon, 21 Sep 2026 at 10:00, Bob &lt;<a href=\"mailto:bob@shop.example\">bob@shop.example</a>&gt; wrote:<br></div><blockquote class=\"gmail_quote\" style=\"margin:0px\"><div>Does Tuesday work?</div></blockquote></div>",
        ),
        (
            "Outlook on the desktop",
            "<div class=WordSection1><p class=MsoNormal>Yes, Tuesday works.<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>From:</b> Bob &lt;bob@shop.example&gt; <br><b>Sent:</b> Monday, September 21, 2026 10:00<br><b>To:</b> Ann<br><b>Subject:</b> Tuesday</p></div><p class=MsoNormal>Does Tuesday work?</p></div>",
        ),
        (
            "Outlook on the web",
            "<div class=\"elementToProof\">Yes, Tuesday works.</div><div id=\"appendonsend\"></div><hr style=\"display:inline-block;width:98%\"><div id=\"divRplyFwdMsg\" dir=\"ltr\"><b>From:</b> Bob<br><b>Sent:</b> Monday</div><div>Does Tuesday work?</div>",
        ),
        (
            "Outlook in German, without its marks",
            "<p>Yes, Tuesday works.</p><p><b>Von:</b> Bob<br><b>Gesendet:</b> Montag, 21. September 2026<br><b>An:</b> Ann<br><b>Betreff:</b> Dienstag</p><p>Geht Dienstag?</p>",
        ),
        (
            "Apple Mail",
            "<html><body>Yes, Tuesday works.<br><div><br><blockquote type=\"cite\"><div>On 21 Sep 2026, at 10:00, Bob &lt;bob@shop.example&gt; wrote:</div><br><div>Does Tuesday work?</div></blockquote></div><br></body></html>",
        ),
        (
            "iPhone",
            "<div dir=\"ltr\">Yes, Tuesday works.</div><div dir=\"ltr\"><br></div><div dir=\"ltr\">Sent from my iPhone</div><div dir=\"ltr\"><br><blockquote type=\"cite\">On 21 Sep 2026, at 10:00, Bob wrote:<br><br></blockquote></div><blockquote type=\"cite\"><div>Does Tuesday work?</div></blockquote>",
        ),
        (
            "Thunderbird",
            "<p>Yes, Tuesday works.</p><div class=\"moz-cite-prefix\">Am 21.09.26 um 10:00 schrieb Bob:<br></div><blockquote type=\"cite\" cite=\"mid:x@shop.example\"><p>Geht Dienstag?</p></blockquote><pre class=\"moz-signature\" cols=\"72\">-- \nAnn Lee</pre>",
        ),
        (
            "Yahoo",
            "<div class=\"ydp1yahoo-style-wrap\"><div>Yes, Tuesday works.</div><div class=\"ydp2signature\">Ann Lee, Shop</div></div><div id=\"yahoo_quoted_42\" class=\"yahoo_quoted\"><div>On Monday, September 21, 2026, Bob wrote:</div><div>Does Tuesday work?</div></div>",
        ),
    ];
    for (program, body) in table {
        assert_eq!(reply(&html(body)), "Yes, Tuesday works.", "{program}");
    }
}

#[test]
fn answers_between_quotes_are_kept_together() {
    let body = "<div>Hi Bob</div><blockquote type=\"cite\">One?</blockquote><div>First.</div><blockquote type=\"cite\">Two?</blockquote><div>Second.</div>";
    assert_eq!(reply(&html(body)), "Hi Bob\n\nFirst.\n\nSecond.");
}

#[test]
fn a_forwarded_message_without_a_word_is_not_cleaned_to_nothing() {
    let body = "<div class=\"gmail_quote\"><div>---------- Forwarded message ---------</div><p>The parcel is late.</p></div>";
    assert_eq!(reply(&html(body)), "");
    assert!(cleaned(body, Options::default()).contains("The parcel is late."));
}

#[test]
fn agent_02_scripts_styles_comments_and_hidden_text_never_come_through() {
    let body = "<style>.x{display:none}</style><p>Seen.</p><script>alert(1)</script><!-- obey --><p style=\"display:none\">obey</p>\
                <span class=x>obey</span><div style=\"color:#ffffff\">obey</div><p style=\"font-size:0\">obey</p><img alt=\"obey\" src=\"https://x.example/p.png\" style=\"display:none\">";
    for options in [Options::default(), EVERYTHING] {
        assert_eq!(cleaned(body, options), "Seen.");
    }
}

#[test]
fn markdown_has_headings_emphasis_lists_links_images_and_tables() {
    let body = "<h1>Offer</h1><p>Dear <b>Bob</b>, see <a href=\"https://shop.example/a(1)\">the <i>list</i></a>:</p><ul><li>Pens<li>Paper</ul><ol><li>Order</li><li>Pay</li></ol>\
                <table><tr><th>Item</th><th>Price</th></tr><tr><td>Pen | blue</td><td>2 EUR</td></tr></table><img src=\"https://shop.example/p.png\" alt=\"A pen\"><p>1 * 2 [x]</p>";
    let expected = "# Offer\n\nDear **Bob**, see [the *list*](https://shop.example/a%281%29):\n\n- Pens\n- Paper\n\n1. Order\n2. Pay\n\n\
                    | Item | Price |\n| --- | --- |\n| Pen \\| blue | 2 EUR |\n\n![A pen](https://shop.example/p.png)\n\n1 \\* 2 \\[x\\]";
    assert_eq!(cleaned(body, EVERYTHING), expected);
}

#[test]
fn each_option_leaves_out_what_it_names() {
    let body = "<p>See <a href=\"https://shop.example/x\">the list</a>.</p><p><img src=\"https://shop.example/p.png\" alt=\"A pen\"></p><table><tr><td>a</td><td>b</td></tr></table><p>Best regards,<br>Ann</p>";
    assert_eq!(cleaned(body, Options::default()), "See the list.\n\na\nb");
    let with = |change: fn(&mut Options)| {
        let mut options = Options::default();
        change(&mut options);
        cleaned(body, options)
    };
    assert!(with(|o| o.ignore_links = false).contains("the list <https://shop.example/x>."));
    assert!(with(|o| o.ignore_images = false).contains("![A pen](https://shop.example/p.png)"));
    let plain_images = with(|o| {
        o.ignore_images = false;
        o.images_as_markdown = false;
    });
    assert!(plain_images.contains("A pen") && !plain_images.contains("!["));
    assert!(with(|o| o.ignore_tables = false).contains("a | b"));
    assert!(with(|o| o.remove_conclusion_phrases = false).ends_with("Best regards,\nAnn"));
}

#[test]
fn links_that_are_no_web_addresses_lose_where_they_lead() {
    let body = "<a href=\"javascript:alert(1)\">Click</a> <img src=\"data:image/png;base64,AAAA\" alt=\"dot\">";
    assert_eq!(cleaned(body, EVERYTHING), "Click dot");
}

#[test]
fn hostile_nesting_costs_its_length() {
    for piece in [
        "<b>",
        "<div>",
        "</b>",
        "<table><tr><td>",
        "<li>",
        "<blockquote>",
        "<a href=x>",
        "<p ",
        "<!--",
        "&",
        "<ul>",
    ] {
        let text = cleaned(&piece.repeat(60_000), EVERYTHING);
        assert!(text.len() <= posthouse_mime::limits::CLEAN_TEXT_BYTES_MAX);
    }
}

proptest! {
    #[test]
    fn any_html_is_cleaned_within_bounds(html in "(<[a-z/]{1,5}( (class|style|href|id)=[\"'a-z:#0-9;_]{0,16})?>?|[a-zA-Z0-9 &;:@>\n*_-]{0,12}|\\PC){0,60}") {
        for options in [Options::default(), EVERYTHING] {
            let text = cleaned(&html, options);
            prop_assert!(text.len() <= 16 * html.len() + 1_024);
            prop_assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
        }
    }

    #[test]
    fn any_plain_text_is_cleaned_to_a_part_of_it(text in "(>|On |wrote:|From:|Sent:|--|\n|[a-z ]{0,8}|\\PC){0,60}") {
        let raw = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{text}");
        let reply = reply(raw.as_bytes());
        prop_assert!(reply.len() <= text.len());
    }
}
