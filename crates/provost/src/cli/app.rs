//! `provost app`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum App {
    /// Add an application from the gallery, with its synchronization job (not started)
    #[command(after_help = "\
Examples:
  provost app create --template officespace --name OfficeSpace \\
      --tenant-url https://contoso.officespacesoftware.com/api/scim/v2/ \\
      --secret-token-file token.txt
  provost app create --template scim --name Contoso \\
      --tenant-url https://contoso.example.com/scim/v2 \\
      --client-id provost --client-secret-file secret.txt \\
      --token-url https://login.contoso.example.com/oauth2/token")]
    Create {
        /// The template's id: see `provost gallery list`
        #[arg(long)]
        template: String,
        /// What the application is to be called
        #[arg(long)]
        name: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Change how the application is reached: its SCIM address, its token, certificates
    #[command(after_help = "\
Examples:
  provost app set OfficeSpace --secret-token-file token.txt
  provost app set Contoso --client-id provost --client-secret-file secret.txt \\
      --token-url https://login.contoso.example.com/oauth2/token --scope scim
  provost app set Contoso --trusted-certs ca.pem --client-cert provost.pem \\
      --client-key provost-key.pem

A token takes the place of client credentials, and the other way round. Secrets and keys are kept \
encrypted and never shown again.")]
    Set {
        /// The application, by name or id
        name: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// List the applications
    #[command(after_help = "\
Example:
  provost app list")]
    List,
    /// Show an application with its roles, assignments and job
    #[command(after_help = "\
Example:
  provost app show OfficeSpace")]
    Show {
        /// The application, by name or id
        name: String,
    },
    /// Remove an application with its job and assignments; the accounts in it stay
    #[command(after_help = "\
Example:
  provost app delete OfficeSpace")]
    Delete {
        /// The application, by name or id
        name: String,
    },
    /// Assign a user or a group, or provision everybody
    #[command(after_help = "\
Examples:
  provost app assign OfficeSpace --group Engineering --role User
  provost app assign OfficeSpace --user ada@contoso.example --role Admin
  provost app assign OfficeSpace --all-users")]
    Assign(Assign),
    /// Take an assignment back
    #[command(after_help = "\
Examples:
  provost app unassign OfficeSpace --group Engineering
  # from now on only who is assigned
  provost app unassign OfficeSpace --all-users")]
    Unassign(Assign),
}

/// How an application is reached.
#[derive(Debug, Default, Args)]
pub struct Connection {
    /// The application's SCIM address
    #[arg(long, value_name = "URL")]
    pub tenant_url: Option<String>,
    /// A file that holds the application's SCIM token; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "oauth")]
    pub secret_token_file: Option<PathBuf>,
    #[command(flatten)]
    pub oauth: Oauth,
    /// A PEM file of certificate authorities to trust besides the system's; "" for none
    #[arg(long, value_name = "FILE")]
    pub trusted_certs: Option<PathBuf>,
    /// A PEM file with the certificate that is shown to the application, and those that vouch for it; "" for none
    #[arg(long, value_name = "FILE", requires = "client_key")]
    pub client_cert: Option<PathBuf>,
    /// A PEM file with the certificate's private key, not encrypted; "" for none
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    pub client_key: Option<PathBuf>,
}

/// Signing in by OAuth 2.0 client credentials.
#[derive(Debug, Default, Args)]
#[group(id = "oauth", multiple = true)]
pub struct Oauth {
    /// Sign in by OAuth 2.0 client credentials instead of with a token: the client's identifier
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// A file that holds the client's secret; - for standard input
    #[arg(long, value_name = "FILE")]
    pub client_secret_file: Option<PathBuf>,
    /// The token endpoint
    #[arg(long, value_name = "URL")]
    pub token_url: Option<String>,
    /// The scope that tokens are asked for; "" for none
    #[arg(long)]
    pub scope: Option<String>,
    /// Where the token endpoint is told who the client is; in a header if not given
    #[arg(long, value_name = "WHERE")]
    pub client_auth: Option<ClientAuth>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ClientAuth {
    /// In a header (client_secret_basic)
    Header,
    /// In the body (client_secret_post)
    Body,
}

#[derive(Debug, Args)]
pub struct Assign {
    /// The application, by name or id
    pub name: String,
    #[command(flatten)]
    pub who: Who,
    /// The application's role; without it the first role that is not Default Access
    #[arg(long)]
    pub role: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Who {
    /// This user, by principal name or id
    #[arg(long, value_name = "UPN")]
    pub user: Option<String>,
    /// The members of this group, by name or id
    #[arg(long)]
    pub group: Option<String>,
    /// Everybody in the directory
    #[arg(long)]
    pub all_users: bool,
}
