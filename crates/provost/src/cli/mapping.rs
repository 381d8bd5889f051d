//! `provost job attribute` and `provost job mapping`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Switch;

#[derive(Debug, Subcommand)]
pub enum JobAttribute {
    /// List the target's attributes with what is known of them and where that comes from: default (RFC 7643), discovered
    /// (the target said so) or added
    #[command(after_help = "\
Examples:
  provost job attribute list Contoso
  # only those with this in their name
  provost job attribute list Contoso manager")]
    List {
        /// The application, by name or id
        name: String,
        /// Only those of groups
        #[arg(long)]
        group: bool,
        /// Only those with this in their name
        #[arg(value_name = "TEXT")]
        text: Option<String>,
    },
    /// Ask the target what attributes it has (/Schemas), and list them; Test Connection does so as well
    #[command(after_help = "\
Example:
  provost job attribute discover Contoso")]
    Discover {
        /// The application, by name or id
        name: String,
    },
    /// Add an attribute of the target that is not listed, or correct one that is
    #[command(after_help = "\
Examples:
  provost job attribute add Contoso \\
      urn:ietf:params:scim:schemas:extension:contoso:2.0:User:badge
  provost job attribute add Contoso \\
      urn:ietf:params:scim:schemas:extension:contoso:2.0:User:level \\
      --type integer
  provost job attribute add Contoso description --group

What an administrator says of an attribute stands above what the target says and what the RFC does.")]
    Add {
        /// The application, by name or id
        name: String,
        /// As mappings name it: title, name.givenName, urn:...:User:badge
        attribute: String,
        #[command(flatten)]
        what: AttributeKind,
    },
    /// Take back an attribute that was added
    #[command(after_help = "\
Example:
  provost job attribute remove Contoso \\
      urn:ietf:params:scim:schemas:extension:contoso:2.0:User:badge")]
    Remove {
        /// The application, by name or id
        name: String,
        /// As mappings name it
        attribute: String,
        /// It is one of groups
        #[arg(long)]
        group: bool,
    },
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct AttributeKind {
    /// It is one of groups, not of users
    #[arg(long)]
    pub group: bool,
    /// What values it takes
    #[arg(long = "type", value_name = "TYPE", default_value = "string")]
    pub kind: ValueType,
    /// It has several values
    #[arg(long)]
    pub multi_valued: bool,
    /// Upper and lower case differ
    #[arg(long)]
    pub case_exact: bool,
    /// Every account must have it
    #[arg(long)]
    pub required: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "camelCase")]
pub enum ValueType {
    String,
    Boolean,
    Integer,
    Decimal,
    DateTime,
    Reference,
    Binary,
    Complex,
}

#[derive(Debug, Subcommand)]
pub enum JobMapping {
    /// List the attribute mappings
    #[command(after_help = "\
Example:
  provost job mapping list Contoso")]
    List {
        /// The application, by name or id
        name: String,
        /// Only those of groups
        #[arg(long)]
        group: bool,
    },
    /// Map a target attribute, or change how it is mapped; what is not given stays
    #[command(after_help = "\
Examples:
  provost job mapping set Contoso title jobTitle
  provost job mapping set Contoso userType '\"Employee\"'
  provost job mapping set Contoso nickName \\
      'Item(Split([displayName], \" \"), 1)' --flow ObjectAddOnly
  provost job mapping set Contoso 'emails[type eq \"home\"].value' otherMails \\
      --default none@contoso.example
  provost job mapping set Contoso externalId --match 2

The source is an attribute, a constant in quotes or an expression; `provost expr` tries one out. A \
mapping that the target or the source cannot bear is refused with the reason, and nothing is \
changed.")]
    Set {
        /// The application, by name or id
        name: String,
        /// A target attribute: title, name.givenName, emails[type eq "work"].value, urn:...:User:department
        target: String,
        /// Where the value comes from; needed for a new mapping
        source: Option<String>,
        #[command(flatten)]
        options: MappingOptions,
    },
    /// Map a target attribute no more; what it holds stays
    #[command(after_help = "\
Example:
  provost job mapping remove Contoso nickName")]
    Remove {
        /// The application, by name or id
        name: String,
        /// The target attribute
        target: String,
        /// It is one of groups
        #[arg(long)]
        group: bool,
    },
    /// Print all mappings, scoping filters and attributes as a synchronization schema of Microsoft Graph, as Entra ID exports
    /// it
    #[command(after_help = "\
Example:
  provost job mapping export Contoso > contoso.json")]
    Export {
        /// The application, by name or id
        name: String,
    },
    /// Replace mappings, scoping filters and added attributes by those of a file that was exported here or from Entra ID
    #[command(after_help = "\
Example:
  provost job mapping import Contoso contoso.json")]
    Import {
        /// The application, by name or id
        name: String,
        /// The synchronization schema as JSON; - for standard input
        file: PathBuf,
    },
    /// Replace the mappings by those of the application's template
    #[command(after_help = "\
Example:
  provost job mapping reset Contoso")]
    Reset {
        /// The application, by name or id
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum JobFilter {
    /// List the scoping filters
    #[command(after_help = "\
Example:
  provost job filter list Contoso")]
    List {
        /// The application, by name or id
        name: String,
        /// Only those of groups
        #[arg(long)]
        group: bool,
    },
    /// Add a filter: in scope is who passes all clauses of one filter
    #[command(after_help = "\
Examples:
  provost job filter add Contoso 'department EQUALS \"Sales\"'
  provost job filter add Contoso \\
      'country EQUALS \"NO\" AND employeeType NOT EQUALS \"Temp\"' --title Norway
  provost job filter add Contoso \\
      'jobTitle REGEX MATCH \".*[Ee]ngineer.*\" AND mail IS NOT NULL'
  provost job filter add Contoso 'displayName ENDS_WITH \" team\"' --group

Operators: EQUALS, NOT EQUALS, IS TRUE, IS FALSE, IS NULL, IS NOT NULL, REGEX MATCH, NOT REGEX MATCH \
(the whole value), Greater_Than, Greater_Than_OR_EQUALS (numbers and dates), Includes, ENDS_WITH, & \
and !& (bits). Values in double quotes, a quote in them twice; upper and lower case of values \
differ. Clauses are joined by AND; for OR add another filter. Without any filter everyone passes. \
The next cycle disables who no longer passes, under the guards: look with `provost job plan` before.")]
    Add {
        /// The application, by name or id
        name: String,
        /// ATTRIBUTE OPERATOR \"VALUE\", several joined by AND
        expression: String,
        /// What the filter is called; what it says if not given
        #[arg(long)]
        title: Option<String>,
        /// It is one of groups, not of users
        #[arg(long)]
        group: bool,
    },
    /// Remove a filter, by what it is called or what it says
    #[command(after_help = "\
Example:
  provost job filter remove Contoso Norway")]
    Remove {
        /// The application, by name or id
        name: String,
        /// What the filter is called, or says
        filter: String,
        /// It is one of groups
        #[arg(long)]
        group: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum JobObject {
    /// List what is provisioned, and which requests may be sent
    #[command(after_help = "\
Example:
  provost job object list Contoso")]
    List {
        /// The application, by name or id
        name: String,
    },
    /// Switch users or groups on or off, or kinds of requests; what is not given stays
    #[command(group(clap::ArgGroup::new("change").required(true).multiple(true)))]
    #[command(after_help = "\
Examples:
  # groups are no longer provisioned; they stay as they are
  provost job object set Contoso --group --enabled off
  # no account is ever deleted, whatever happens
  provost job object set Contoso --delete off")]
    Set {
        /// The application, by name or id
        name: String,
        /// Groups, not users
        #[arg(long)]
        group: bool,
        /// Whether they are provisioned at all
        #[arg(long, value_name = "on|off", hide_possible_values = true, group = "change")]
        enabled: Option<Switch>,
        /// Whether accounts may be created
        #[arg(long, value_name = "on|off", hide_possible_values = true, group = "change")]
        create: Option<Switch>,
        /// Whether accounts may be changed, and disabled
        #[arg(long, value_name = "on|off", hide_possible_values = true, group = "change")]
        update: Option<Switch>,
        /// Whether accounts may be deleted
        #[arg(long, value_name = "on|off", hide_possible_values = true, group = "change")]
        delete: Option<Switch>,
    },
}

#[derive(Debug, Args)]
pub struct MappingOptions {
    /// It is one of groups, not of users
    #[arg(long)]
    pub group: bool,
    /// Accounts are matched by it: 1 is tried first; 0 for no more
    #[arg(long = "match", value_name = "N")]
    pub matching: Option<u32>,
    /// The value of a new account whose source has none; "" for none
    #[arg(long, value_name = "VALUE")]
    pub default: Option<String>,
    /// When the value flows
    #[arg(long, value_name = "WHEN")]
    pub flow: Option<Flow>,
    /// What happens when the source has no value any more: the target's is cleared, or kept
    #[arg(long, value_name = "clear|keep")]
    pub null: Option<OnNull>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub enum Flow {
    Always,
    ObjectAddOnly,
    MultiValueAddOnly,
    ValueAddOnly,
    AttributeAddOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnNull {
    Clear,
    Keep,
}

/// The word of an argument's value.
pub fn word(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
