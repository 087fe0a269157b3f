-- Tables of VICIDIAL's shape, as far as asof reads them. A few columns that it
-- does not read are kept so that `select *` is as wide as in life. The engine is
-- the one VICIDIAL uses; the tests put InnoDB in its place for some cases.
-- One statement ends with each `;` at the end of a line.

create table vicidial_log (
  uniqueid varchar(20) primary key not null,
  lead_id int(9) unsigned not null,
  list_id bigint(14) unsigned,
  campaign_id varchar(8),
  call_date datetime,
  start_epoch int(10) unsigned,
  end_epoch int(10) unsigned,
  length_in_sec int(10),
  status varchar(6),
  phone_code varchar(10),
  phone_number varchar(18),
  user varchar(20),
  comments varchar(255),
  processed enum('Y','N'),
  user_group varchar(20),
  term_reason enum('CALLER','AGENT','QUEUETIMEOUT','ABANDON','AFTERHOURS','NONE','SYSTEM') default 'NONE',
  alt_dial varchar(6) default 'NONE',
  called_count smallint(5) unsigned default 0,
  index (lead_id),
  index (call_date)
) engine=MyISAM;

create table vicidial_log_archive like vicidial_log;

create table vicidial_closer_log (
  closecallid int(9) unsigned auto_increment primary key not null,
  lead_id int(9) unsigned not null,
  list_id bigint(14) unsigned,
  campaign_id varchar(20),
  call_date datetime,
  start_epoch int(10) unsigned,
  end_epoch int(10) unsigned,
  length_in_sec int(10),
  status varchar(6),
  phone_code varchar(10),
  phone_number varchar(18),
  user varchar(20),
  comments varchar(255),
  processed enum('Y','N'),
  queue_seconds decimal(7,2) default 0,
  user_group varchar(20),
  xfercallid int(9) unsigned,
  term_reason enum('CALLER','AGENT','QUEUETIMEOUT','ABANDON','AFTERHOURS','HOLDRECALLXFER','HOLDTIME','NOAGENT','NONE','MAXCALLS','ACFILTER','CLOSETIME') default 'NONE',
  uniqueid varchar(20) not null default '',
  agent_only varchar(20) default '',
  queue_position smallint(4) unsigned default 1,
  called_count smallint(5) unsigned default 0,
  index (lead_id),
  index (call_date),
  index (campaign_id),
  index (uniqueid)
) engine=MyISAM;

create table vicidial_closer_log_archive like vicidial_closer_log;

alter table vicidial_closer_log_archive modify closecallid int(9) unsigned not null;

create table vicidial_agent_log (
  agent_log_id int(9) unsigned auto_increment primary key not null,
  user varchar(20),
  server_ip varchar(15) not null,
  event_time datetime,
  lead_id int(9) unsigned,
  campaign_id varchar(8),
  pause_epoch int(10) unsigned,
  pause_sec smallint(5) unsigned default 0,
  wait_epoch int(10) unsigned,
  wait_sec smallint(5) unsigned default 0,
  talk_epoch int(10) unsigned,
  talk_sec smallint(5) unsigned default 0,
  dispo_epoch int(10) unsigned,
  dispo_sec smallint(5) unsigned default 0,
  status varchar(6),
  user_group varchar(20),
  comments varchar(20),
  sub_status varchar(6),
  dead_epoch int(10) unsigned,
  dead_sec smallint(5) unsigned default 0,
  processed enum('Y','N') default 'N',
  uniqueid varchar(20) default '',
  pause_type enum('UNDEFINED','SYSTEM','AGENT','API','ADMIN') default 'UNDEFINED',
  index (lead_id),
  index (user),
  index (event_time)
) engine=MyISAM;

create table vicidial_agent_log_archive like vicidial_agent_log;

alter table vicidial_agent_log_archive modify agent_log_id int(9) unsigned not null;

create table vicidial_statuses (
  status varchar(6) primary key not null,
  status_name varchar(30),
  selectable enum('Y','N') default 'N',
  human_answered enum('Y','N') default 'N',
  category varchar(20) default 'UNDEFINED',
  sale enum('Y','N') default 'N',
  dnc enum('Y','N') default 'N',
  customer_contact enum('Y','N') default 'N',
  not_interested enum('Y','N') default 'N',
  unworkable enum('Y','N') default 'N',
  scheduled_callback enum('Y','N') default 'N',
  completed enum('Y','N') default 'N',
  min_sec int(5) unsigned default 0,
  max_sec int(5) unsigned default 0,
  answering_machine enum('Y','N') default 'N'
) engine=MyISAM;

create table vicidial_campaign_statuses (
  status varchar(6) not null,
  status_name varchar(30),
  selectable enum('Y','N'),
  campaign_id varchar(20),
  human_answered enum('Y','N') default 'N',
  category varchar(20) default 'UNDEFINED',
  sale enum('Y','N') default 'N',
  dnc enum('Y','N') default 'N',
  customer_contact enum('Y','N') default 'N',
  not_interested enum('Y','N') default 'N',
  unworkable enum('Y','N') default 'N',
  scheduled_callback enum('Y','N') default 'N',
  completed enum('Y','N') default 'N',
  min_sec int(5) unsigned default 0,
  max_sec int(5) unsigned default 0,
  answering_machine enum('Y','N') default 'N',
  index (campaign_id),
  unique index vicidial_campaign_statuses_key (status, campaign_id)
) engine=MyISAM;

create table vicidial_campaigns (
  campaign_id varchar(8) primary key not null,
  campaign_name varchar(40),
  active enum('Y','N'),
  dial_method enum('MANUAL','RATIO','ADAPT_HARD_LIMIT','ADAPT_TAPERED','ADAPT_AVERAGE','INBOUND_MAN') default 'MANUAL',
  campaign_description varchar(255)
) engine=MyISAM;

create table vicidial_lists (
  list_id bigint(14) unsigned primary key not null,
  list_name varchar(30),
  campaign_id varchar(8),
  active enum('Y','N'),
  list_description varchar(255)
) engine=MyISAM;

create table vicidial_users (
  user_id int(9) unsigned auto_increment primary key not null,
  user varchar(20) not null,
  full_name varchar(50),
  user_level tinyint(3) unsigned default 1,
  user_group varchar(20),
  active enum('Y','N') default 'Y',
  unique index (user)
) engine=MyISAM;

create table vicidial_user_groups (
  user_group varchar(20) not null,
  group_name varchar(40) not null,
  allowed_campaigns text
) engine=MyISAM;

create table vicidial_inbound_groups (
  group_id varchar(20) primary key not null,
  group_name varchar(30),
  active enum('Y','N')
) engine=MyISAM;
