//! Aggregate reports of this server's own, as XML (RFC 9990 3.1 and its schema); pure.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::authentication::dmarc::Published;

/// The namespace of reports.
const NAMESPACE: &str = "urn:ietf:params:xml:ns:dmarc-2.0";

/// Characters of one text.
const TEXT_CHARACTERS_MAX: usize = 255;

/// A report about one domain and one stretch of time.
#[derive(Debug, Clone)]
pub struct DmarcReport<'a> {
    /// Who makes it: the mail host's name.
    pub organization: &'a str,
    /// Whom to ask about it.
    pub email: &'a str,
    /// Unique among the reports about the domain.
    pub report_id: &'a str,
    /// Unix seconds.
    pub begins_at: i64,
    /// Unix seconds.
    pub ends_at: i64,
    /// The domain whose policy it is about.
    pub policy_domain: &'a str,
    /// What that domain publishes.
    pub published: Published,
    /// At least one.
    pub rows: &'a [ReportRow],
}

/// Messages that were alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// The peer that they came from.
    pub source_ip: IpAddr,
    /// How many.
    pub count: u64,
    /// `none`, `pass`, `quarantine` or `reject`: what became of them.
    pub disposition: String,
    /// Whether an aligned DKIM signature passed.
    pub is_dkim_aligned: bool,
    /// Whether SPF passed for an aligned domain.
    pub is_spf_aligned: bool,
    /// Why something else became of them than the domain asks for, in the words of RFC 9990 3.1.1.
    pub override_reason: Option<&'static str>,
    /// The author's domain.
    pub header_from: String,
    /// The domain of the envelope sender; empty for the null sender.
    pub envelope_from: String,
    /// Domain, selector and result of signatures.
    pub dkim: Vec<(String, String, String)>,
    /// Domain and result of SPF.
    pub spf: Option<(String, String)>,
}

impl DmarcReport<'_> {
    /// Writes the report.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut xml = Xml(String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
        let _ = writeln!(xml.0, "<feedback xmlns=\"{NAMESPACE}\">");
        xml.text("version", "1.0");
        xml.element("report_metadata", |xml| {
            xml.text("org_name", self.organization);
            xml.text("email", self.email);
            xml.text("report_id", self.report_id);
            xml.element("date_range", |xml| {
                xml.text("begin", &self.begins_at.to_string());
                xml.text("end", &self.ends_at.to_string());
            });
            xml.text(
                "generator",
                concat!("Posthouse ", env!("CARGO_PKG_VERSION")),
            );
        });
        xml.element("policy_published", |xml| self.policy(xml));
        for row in self.rows {
            xml.element("record", |xml| row.write(xml));
        }
        xml.0.push_str("</feedback>\n");
        xml.0
    }

    /// Unspecified tags have their default values: `sp` that of `p`, `np` that of `sp`.
    fn policy(&self, xml: &mut Xml) {
        let published = &self.published;
        let subdomains = published.subdomains.unwrap_or(published.policy);
        let mode = |is_strict: bool| if is_strict { "s" } else { "r" };
        xml.text("domain", self.policy_domain);
        xml.text("discovery_method", "treewalk");
        xml.text("p", published.policy.word());
        xml.text("sp", subdomains.word());
        xml.text("np", published.absent.unwrap_or(subdomains).word());
        xml.text("adkim", mode(published.is_dkim_strict));
        xml.text("aspf", mode(published.is_spf_strict));
        xml.text("testing", if published.is_testing { "y" } else { "n" });
    }
}

impl ReportRow {
    fn write(&self, xml: &mut Xml) {
        let word = |is_aligned: bool| if is_aligned { "pass" } else { "fail" };
        xml.element("row", |xml| {
            xml.text("source_ip", &self.source_ip.to_canonical().to_string());
            xml.text("count", &self.count.to_string());
            xml.element("policy_evaluated", |xml| {
                xml.text("disposition", &self.disposition);
                xml.text("dkim", word(self.is_dkim_aligned));
                xml.text("spf", word(self.is_spf_aligned));
                if let Some(reason) = self.override_reason {
                    xml.element("reason", |xml| xml.text("type", reason));
                }
            });
        });
        xml.element("identifiers", |xml| {
            xml.text("header_from", &self.header_from);
            xml.text("envelope_from", &self.envelope_from);
        });
        xml.element("auth_results", |xml| {
            for (domain, selector, result) in &self.dkim {
                xml.element("dkim", |xml| {
                    xml.text("domain", domain);
                    xml.text("selector", selector);
                    xml.text("result", result);
                });
            }
            if let Some((domain, result)) = &self.spf {
                xml.element("spf", |xml| {
                    xml.text("domain", domain);
                    xml.text("scope", "mfrom");
                    xml.text("result", result);
                });
            }
        });
    }
}

/// A document that grows.
struct Xml(String);

impl Xml {
    fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        let _ = writeln!(self.0, "<{name}>");
        content(self);
        let _ = writeln!(self.0, "</{name}>");
    }

    /// A text from outside stays a text: nothing in it is markup, and nothing is left that XML cannot hold.
    fn text(&mut self, name: &str, text: &str) {
        let _ = write!(self.0, "<{name}>");
        for one in text.chars().take(TEXT_CHARACTERS_MAX) {
            match one {
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '&' => self.0.push_str("&amp;"),
                one if one.is_control() || matches!(one, '\u{fffe}' | '\u{ffff}') => {
                    self.0.push(' ')
                }
                one => self.0.push(one),
            }
        }
        let _ = writeln!(self.0, "</{name}>");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ReportFile, dmarc};
    use super::*;
    use crate::authentication::verdict::Policy;

    fn row(domain: &str) -> ReportRow {
        ReportRow {
            source_ip: "2001:db8::7".parse().unwrap(),
            count: 42,
            disposition: "quarantine".to_owned(),
            is_dkim_aligned: false,
            is_spf_aligned: false,
            override_reason: Some("local_policy"),
            header_from: domain.to_owned(),
            envelope_from: String::new(),
            dkim: vec![("m.example".to_owned(), "s1".to_owned(), "fail".to_owned())],
            spf: Some(("helo.example".to_owned(), "softfail".to_owned())),
        }
    }

    fn report<'a>(rows: &'a [ReportRow], domain: &'a str) -> DmarcReport<'a> {
        DmarcReport {
            organization: "mx.example.net",
            email: "postmaster@mx.example.net",
            report_id: "r-1@mx.example.net",
            begins_at: 1_790_000_000,
            ends_at: 1_790_086_399,
            policy_domain: domain,
            published: Published {
                policy: Policy::Reject,
                subdomains: None,
                absent: Some(Policy::None),
                is_dkim_strict: true,
                is_spf_strict: false,
                is_testing: false,
            },
            rows,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let rows = [row("bots.example.org"), row("www.bots.example.org")];
        let xml = report(&rows, "bots.example.org").to_xml();
        let file = ReportFile {
            name: "r.xml",
            content_type: "text/xml",
            content: xml.as_bytes(),
        };
        let read = dmarc(&file).unwrap();
        assert_eq!(read.domain, "bots.example.org");
        assert_eq!(read.organization, "mx.example.net");
        assert_eq!(read.report_id, "r-1@mx.example.net");
        assert_eq!(
            (read.begins_at, read.ends_at),
            (1_790_000_000, 1_790_086_399)
        );
        assert_eq!(
            read.document["policy"],
            json!({"p": "reject", "sp": "reject", "adkim": "strict", "aspf": "relaxed"})
        );
        let records = read.document["records"].as_array().unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(
            records[1],
            json!({
                "source_ip": "2001:db8::7", "count": 42, "disposition": "quarantine", "dkim": "fail", "spf": "fail",
                "header_from": "www.bots.example.org", "envelope_from": "",
                "dkim_results": [{"domain": "m.example", "selector": "s1", "result": "fail"}],
                "spf_results": [{"domain": "helo.example", "result": "softfail"}],
            })
        );
    }

    #[test]
    fn elements_come_in_the_order_of_the_schema() {
        let rows = [row("bots.example.org")];
        let xml = report(&rows, "bots.example.org").to_xml();
        let opened: Vec<&str> = xml
            .lines()
            .filter_map(|line| line.strip_prefix('<')?.split(['>', ' ']).next())
            .filter(|name| !name.starts_with(['/', '?']))
            .collect();
        let expected = "feedback version report_metadata org_name email report_id date_range begin end generator \
            policy_published domain discovery_method p sp np adkim aspf testing \
            record row source_ip count policy_evaluated disposition dkim spf reason type identifiers header_from \
            envelope_from auth_results dkim domain selector result spf domain scope result";
        assert_eq!(
            opened.join(" "),
            expected.split_whitespace().collect::<Vec<_>>().join(" ")
        );
    }

    #[test]
    fn auth_08_texts_of_strangers_are_no_markup() {
        let rows = [row("</record><x a=\"&b;\">\u{0}\r\n")];
        let xml = report(&rows, "bots.example.org").to_xml();
        assert!(
            xml.contains("<header_from>&lt;/record&gt;&lt;x a=\"&amp;b;\"&gt;   </header_from>"),
            "{xml}"
        );
        assert_eq!(xml.matches("<record>").count(), 1);
    }
}
