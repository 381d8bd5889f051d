//! The options of `provost serve`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use jiff::SignedDuration;
use secrecy::SecretString;

use super::values::{address, duration};
use crate::answer::Failure;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provost serve
  # a free port, named in the one line of output
  provost serve --listen 127.0.0.1:0
  provost serve --domain scim.example.com --public-url https://scim.example.com
  provost serve --listen 0.0.0.0:443 --tls-cert fullchain.pem \\
      --tls-key privkey.pem
  # with the password in PROVOST_SMTP_PASSWORD
  provost serve --smtp-url smtps://provost@mail.example.com \\
      --mail-from provost@example.com \\
      --mail-to admins@example.com
  # one of several nodes on a PostgreSQL database, with the URL in
  # PROVOST_DATABASE_URL and the key of all in PROVOST_MASTER_KEY
  provost serve --data-dir /var/lib/provost --listen 0.0.0.0:8080

PROVOST_LOG chooses what is logged to standard error (debug; worker=debug,info), and \
PROVOST_LOG_FORMAT=json how. PROVOST_MASTER_KEY holds the key that secrets are encrypted with; \
without it DATA_DIR/master-key does.")]
pub struct Serve {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", value_parser = address)]
    pub listen: String,
    /// Tenants are served by host name as NAME.DOMAIN
    #[arg(long, default_value = "localhost")]
    pub domain: String,
    /// The address by which clients outside reach this server, when a proxy stands before it
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Serve by TLS: a PEM file with the server's certificate and those that vouch for it. When it or the key changes it
    /// is read again within seconds, without a restart
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, as PEM and not encrypted
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// The most connections at a time. For more, those that keep the server waiting longest are closed: they have sent
    /// nothing, half a request, or had their answer. As many as the limit of open files allows, if that is fewer
    #[arg(long, value_name = "N", default_value = "10000")]
    pub max_connections: NonZeroUsize,
    /// How long what happened to a tenant's users and groups is kept for the applications that follow it by /changes, e.g.
    /// 30d, 12h
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = kept)]
    pub keep_changes: SignedDuration,
    /// How long entries of the provisioning log are kept
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = kept)]
    pub keep_log: SignedDuration,
    /// How long entries of the audit log are kept: who changed what
    #[arg(long, value_name = "TIME", default_value = "365d", value_parser = kept)]
    pub keep_audit: SignedDuration,
    /// Where files are that are imported by themselves (`provost user import-schedule`); DATA_DIR/imports without it
    #[arg(long, value_name = "DIR")]
    pub import_dir: Option<PathBuf>,
    /// Also provision to link-local and cloud metadata addresses, where a request could leak the machine's secrets
    #[arg(long)]
    pub allow_link_local: bool,
    #[command(flatten)]
    pub database: Database,
    #[command(flatten)]
    pub mail: Mail,
}

/// Where everything is kept that is not to be in the data directory.
#[derive(Debug, Default, Args)]
pub struct Database {
    /// Keep everything in this PostgreSQL database, which several nodes may share; DATA_DIR then holds only the files of
    /// this node. postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=verify-full. Who can list the machine's processes reads
    /// what stands on a command line: better set the variable, or give the password in a file
    #[arg(
        id = "database_url",
        long = "database-url",
        value_name = "URL",
        env = "PROVOST_DATABASE_URL",
        hide_env_values = true
    )]
    pub url: Option<SecretString>,
    /// The password of the user of --database-url
    #[arg(id = "database_password_file", long = "database-password-file", value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Use the installation in the database with another master key than until now, which is lost: the secrets of the
    /// applications have to be saved again
    #[arg(long)]
    pub replace_master_key: bool,
}

impl Database {
    /// Where the database is, if there is to be one.
    pub fn url(&self) -> Result<Option<&SecretString>, Failure> {
        // The URL may be in a variable, which whoever reads examples does not have: the parser asks for nothing.
        if self.url.is_none() && (self.password_file.is_some() || self.replace_master_key) {
            let words =
                "--database-password-file and --replace-master-key are for a database, and none is named";
            let hint = "name it with --database-url, or in PROVOST_DATABASE_URL";
            return Err(Failure::new("Usage", words, hint).usage());
        }
        Ok(self.url.as_ref())
    }

    /// The password that is in a file, if one is named.
    pub fn password(&self) -> Result<Option<SecretString>, Failure> {
        let Some(file) = &self.password_file else { return Ok(None) };
        crate::commands::read_password(file).map(Some)
    }
}

/// Mail to the administrators of the installation.
#[derive(Debug, Default, Args)]
pub struct Mail {
    /// Send mail by this server, about SCIM tokens that are about to expire and, to whom `job set --mail` names, about
    /// jobs in quarantine: smtps://USER@HOST (TLS) or smtp://USER@HOST (STARTTLS); smtp://HOST?tls=none for one that encrypts nothing and asks for no password. The password is in
    /// PROVOST_SMTP_PASSWORD or --smtp-password-file
    #[arg(long, value_name = "URL", requires = "from", requires = "to")]
    pub smtp_url: Option<String>,
    /// The password of the user of --smtp-url
    #[arg(long, value_name = "FILE", requires = "smtp_url")]
    pub smtp_password_file: Option<PathBuf>,
    /// Whom the mail comes from, e.g. "Provost <provost@example.com>"
    #[arg(long = "mail-from", value_name = "ADDRESS", requires = "smtp_url")]
    pub from: Option<String>,
    /// Whom the mail about tokens goes to; repeat it for several
    #[arg(long = "mail-to", value_name = "ADDRESS", requires = "smtp_url")]
    pub to: Vec<String>,
}

/// A time that something is kept for: an hour at least.
fn kept(text: &str) -> Result<SignedDuration, String> {
    let time = duration(text)?;
    if time < SignedDuration::from_hours(1) {
        return Err("that is less than an hour, in which nobody could read it".to_owned());
    }
    Ok(time)
}
