//! A small SMTP client that can also send what no mail program would, split wherever a test wants.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::eventually::deadline;
use crate::letter::Letter;

/// A reply longer than this is no reply.
const REPLY_BYTES_MAX: usize = 65_536;

/// A connection to the server's mail port.
pub struct SmtpClient {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

/// One reply, of one line or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// The text of each line, without the code.
    pub lines: Vec<String>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl SmtpClient {
    /// Connects and reads the greeting.
    ///
    /// # Panics
    /// When there is no greeting of code 220.
    pub async fn connect(address: SocketAddr) -> Self {
        let (client, greeting) = Self::try_connect(address)
            .await
            .expect("a connection and a greeting");
        greeting.expect(220);
        client
    }

    /// Connects and returns the greeting, or the error when the server is away or goes away.
    pub async fn try_connect(address: SocketAddr) -> io::Result<(Self, Reply)> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut client = Self {
            stream: Box::new(stream),
            received: Vec::new(),
        };
        let greeting = client.try_read_reply().await?;
        Ok((client, greeting))
    }

    /// Sends a command line and reads the reply.
    pub async fn command(&mut self, line: &str) -> Reply {
        self.write(format!("{line}\r\n").as_bytes()).await;
        self.read_reply().await
    }

    /// Sends bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).await.expect("the server reads");
    }

    /// Sends bytes as they are; the server may have gone.
    pub async fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Sends bytes in two segments.
    pub async fn write_split(&mut self, bytes: &[u8], at: usize) {
        let (first, second) = bytes.split_at(at);
        self.write(first).await;
        tokio::task::yield_now().await;
        self.write(second).await;
    }

    /// Reads one reply.
    ///
    /// # Panics
    /// When the connection ends first, or nothing comes before the deadline.
    pub async fn read_reply(&mut self) -> Reply {
        self.try_read_reply().await.expect("a reply")
    }

    /// Reads one reply, or returns the error when the server goes away.
    pub async fn try_read_reply(&mut self) -> io::Result<Reply> {
        let read = tokio::time::timeout(deadline(), self.read_reply_lines()).await;
        read.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)))
    }

    async fn read_reply_lines(&mut self) -> io::Result<Reply> {
        let mut lines = Vec::new();
        loop {
            let line = self.read_line().await?;
            let code = line.get(..3).and_then(|digits| digits.parse().ok());
            let code: u16 =
                code.ok_or_else(|| io::Error::other(format!("not a reply: {line:?}")))?;
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Reply { code, lines });
            }
        }
    }

    async fn read_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.received.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.received.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            if self.received.len() > REPLY_BYTES_MAX {
                return Err(io::Error::other("an endless reply line"));
            }
            let mut chunk = [0; 4096];
            let count = self.stream.read(&mut chunk).await?;
            if count == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            self.received.extend_from_slice(&chunk[..count]);
        }
    }

    /// Upgrades the connection; any certificate will do.
    ///
    /// # Panics
    /// When the server refuses, or has sent anything behind its 220.
    pub async fn starttls(mut self) -> Self {
        self.command("STARTTLS").await.expect(220);
        assert!(
            self.received.is_empty(),
            "the server sent something behind its reply to STARTTLS"
        );
        let connector = tokio_rustls::TlsConnector::from(Arc::new(trusting_config()));
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = connector
            .connect(name, self.stream)
            .await
            .expect("a TLS handshake");
        Self {
            stream: Box::new(stream),
            received: Vec::new(),
        }
    }

    /// Sends envelope and content with DATA. Returns the first reply that refuses, or the one to the final dot.
    pub async fn send_letter(&mut self, letter: &Letter) -> Reply {
        self.try_send(&letter.sender, &letter.recipients, &letter.wire())
            .await
            .expect("the server answers")
    }

    /// As [`send_letter`](Self::send_letter) for content that a test wrote itself; the server may go away at any point.
    pub async fn try_send(
        &mut self,
        sender: &str,
        recipients: &[String],
        content: &[u8],
    ) -> io::Result<Reply> {
        let mut commands = vec![format!("MAIL FROM:<{sender}>")];
        commands.extend(
            recipients
                .iter()
                .map(|recipient| format!("RCPT TO:<{recipient}>")),
        );
        commands.push("DATA".to_owned());
        for command in commands {
            self.try_write(format!("{command}\r\n").as_bytes()).await?;
            let reply = self.try_read_reply().await?;
            if reply.code >= 400 {
                return Ok(reply);
            }
        }
        self.try_write(&dot_stuffed(content)).await?;
        self.try_write(b".\r\n").await?;
        self.try_read_reply().await
    }

    /// Tells whether the server has closed the connection, reading what it still says.
    pub async fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(deadline(), self.stream.read_to_end(&mut rest)).await;
        // A reset is a close too.
        read.is_ok()
    }
}

impl Reply {
    /// Returns the reply when it has the code that the test expects.
    ///
    /// # Panics
    /// When it has another one.
    #[track_caller]
    pub fn expect(self, code: u16) -> Self {
        assert_eq!(self.code, code, "the server replied {self:?}");
        self
    }

    /// Returns all lines as one text.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// Tells whether an EHLO reply offers an extension.
    pub fn offers(&self, keyword: &str) -> bool {
        self.lines
            .iter()
            .any(|line| line.split(' ').next() == Some(keyword))
    }
}

/// Doubles the dot at the start of each line (RFC 5321 4.5.2).
pub fn dot_stuffed(content: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(content.len() + 64);
    let mut at_line_start = true;
    for &byte in content {
        if at_line_start && byte == b'.' {
            stuffed.push(b'.');
        }
        stuffed.push(byte);
        at_line_start = byte == b'\n';
    }
    stuffed
}

fn trusting_config() -> ClientConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider's own versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth()
}

/// Mail servers take any certificate when they encrypt opportunistically, and so does this client.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
