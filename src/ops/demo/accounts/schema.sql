-- What is known of accounts now. The same statements run on MariaDB, MySQL and SQLite; PostgreSQL
-- calls a datetime a timestamp.

create table accounts (
  account_id integer primary key,
  account_name varchar(120) not null,
  customer_id varchar(40) not null,
  external_account_id varchar(40),
  revenue decimal(15,2),                   -- a year's; null where nobody knows
  account_status varchar(20) not null,     -- active, inactive, at_risk, churn
  industry varchar(40),
  region varchar(40),
  account_tier varchar(40),
  assigned_csm varchar(80),
  csm_manager varchar(80),
  account_owner varchar(80),
  lifecycle_stage varchar(20),             -- onboarding, growth, mature, renewal
  onboarding_status varchar(40),
  last_qbr_date date,
  next_qbr_date date,
  engagement_score decimal(5,2)
);
create table health_trends (
  trend_id integer primary key,
  account_id integer not null,
  measured_at datetime not null,
  overall_health_score decimal(5,2),       -- each 0 to 100
  product_usage_score decimal(5,2),
  support_score decimal(5,2),
  customer_sentiment_score decimal(5,2),
  business_outcomes_score decimal(5,2),
  relationship_strength_score decimal(5,2)
);
create index trends_by_account on health_trends (account_id, measured_at);
create index trends_by_time on health_trends (measured_at);
create table products (
  account_id integer not null,
  product_name varchar(80) not null,
  is_primary integer not null,
  primary key (account_id, product_name)
);
create table kpis (
  kpi_id integer primary key,
  account_id integer not null,
  product_name varchar(80),                -- null where it is the account's
  kpi_name varchar(80) not null,
  kpi_value varchar(40),
  kpi_status varchar(20),                  -- critical, at_risk, healthy
  impact integer not null
);
create index kpis_by_account on kpis (account_id);
create table playbook_runs (
  run_id integer primary key,
  account_id integer not null,
  playbook_id varchar(40) not null,
  run_status varchar(20) not null,         -- running, completed
  started_at datetime not null,
  completed_at datetime
);
create index runs_by_account on playbook_runs (account_id);
create table playbook_recommendations (
  account_id integer not null,
  playbook_id varchar(40) not null,
  is_active integer not null,
  primary key (account_id, playbook_id)
);
create table playbook_reports (
  report_id integer primary key,
  account_id integer not null,
  playbook_id varchar(40) not null,
  reported_at datetime not null,
  executive_summary text,
  first_outcome text,
  second_outcome text
);
create index reports_by_account on playbook_reports (account_id, reported_at);
create table notes (
  note_id integer primary key,
  account_id integer not null,
  note_type varchar(20) not null,          -- meeting, qbr, call, email, general, interaction
  title varchar(200) not null,
  note_text text not null,
  author varchar(80),
  noted_at datetime not null,
  meeting_date date,
  participants text,
  tags text
);
create index notes_by_account on notes (account_id, noted_at);
create index notes_by_time on notes (noted_at);
create table stakeholders (
  account_id integer not null,
  full_name varchar(80) not null,
  is_champion integer not null,
  champion_status varchar(40),
  primary key (account_id, full_name)
);
