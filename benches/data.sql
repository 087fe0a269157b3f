-- Three days of VICIDIAL-shaped data, 20,000 calls each, made by the server alone
-- from the numbers 1 to N: the same every time. 2025-11-04 lies in the archive only,
-- 2025-11-05 in both (with stale statuses in the archive), 2025-11-06 is live only.

set sql_mode = '';

insert into vicidial_campaigns (campaign_id, campaign_name, active)
  select concat('C', seq), concat('Campaign ', seq), 'Y' from seq_1_to_6;
insert into vicidial_lists (list_id, list_name, campaign_id, active)
  select 1000 + seq, concat('List ', seq), concat('C', 1 + seq % 6), 'Y' from seq_1_to_24;
insert into vicidial_user_groups (user_group, group_name)
  select concat('G', seq), concat('Team ', seq) from seq_1_to_4;
insert into vicidial_users (user, full_name, user_group)
  select 1000 + seq, concat('Agent ', seq), concat('G', 1 + seq % 4) from seq_1_to_60;
insert into vicidial_inbound_groups (group_id, group_name, active)
  select concat('IN', seq), concat('In-group ', seq), 'Y' from seq_1_to_3;
insert into vicidial_statuses (status, status_name, human_answered, sale, customer_contact) values
  ('SALE', 'Sale Made', 'Y', 'Y', 'N'), ('NI', 'Not Interested', 'Y', 'N', 'Y'), ('NA', 'No Answer Auto', 'N', 'N', 'N'),
  ('A', 'Answering Machine', 'N', 'N', 'N'), ('B', 'Busy', 'N', 'N', 'N'), ('DC', 'Disconnected', 'N', 'N', 'N'),
  ('DROP', 'Agent Not Available', 'Y', 'N', 'N'), ('DNC', 'Do Not Call', 'Y', 'N', 'Y'), ('CALLBK', 'Call Back', 'Y', 'N', 'Y'),
  ('XFER', 'Call Transferred', 'Y', 'N', 'Y'), ('N', 'No Answer', 'N', 'N', 'N'), ('PDROP', 'Pre-Routing Drop', 'N', 'N', 'N');
insert into vicidial_campaign_statuses (status, status_name, campaign_id, selectable, human_answered, customer_contact)
  select 'WARM', 'Warm Lead', concat('C', seq), 'Y', 'Y', 'Y' from seq_1_to_6;
insert into vicidial_campaign_statuses (status, status_name, campaign_id, selectable, human_answered, customer_contact)
  select 'YES', 'Said Yes', concat('C', seq), 'Y', 'Y', 'N' from seq_1_to_6;

-- crc32 of the row's number stands for chance; each use has a salt of its own.
insert into vicidial_log (uniqueid, lead_id, list_id, campaign_id, call_date, start_epoch, end_epoch, length_in_sec,
                          status, phone_code, phone_number, user, processed, user_group, term_reason)
  select concat(1762236000 + seq, '.', seq), 1 + crc32(concat('lead', seq)) % 30000, 1001 + list, concat('C', 1 + (list + 1) % 6),
         at, unix_timestamp(at), unix_timestamp(at) + talk, if(spoke or chance < 640, talk, if(chance < 660, null, 0)),
         status, '1', concat('312555', lpad(crc32(concat('lead', seq)) % 10000, 4, '0')),
         if(spoke, 1001 + agent, 'VDAD'), 'N', if(spoke, concat('G', 1 + (agent + 1) % 4), null), 'CALLER'
  from (
    select seq, at, talk, agent, list, chance, chance >= 700 as spoke,
           elt(interval(chance, 0, 350, 360, 550, 600, 640, 690, 700, 850, 900, 920, 950, 965, 985, 994, 997),
               'NA', null, 'A', 'B', 'DC', 'N', 'DROP', 'NI', 'NI', 'DNC', 'CALLBK', 'XFER', 'WARM', 'YES', 'SALE', 'svyclm') as status
    from (
      select seq, 1 + crc32(concat('talk', seq)) % 400 as talk, crc32(concat('agent', seq)) % 60 as agent,
             crc32(concat('list', seq)) % 24 as list, crc32(concat('status', seq)) % 1000 as chance,
             timestamp('2025-11-04' + interval (seq - 1) div 20000 day)
               + interval 28800 + crc32(concat('time', seq)) % 46800 second as at
      from seq_1_to_60000) as dice) as calls;

insert into vicidial_closer_log (lead_id, list_id, campaign_id, call_date, start_epoch, end_epoch, length_in_sec, status,
                                 phone_code, phone_number, user, processed, queue_seconds, user_group, xfercallid, uniqueid)
  select 1 + crc32(concat('lead', seq)) % 5000, 999, concat('IN', 1 + crc32(concat('in', seq)) % 3), at, unix_timestamp(at),
         unix_timestamp(at) + 200, crc32(concat('talk', seq)) % 600,
         elt(1 + crc32(concat('status', seq)) % 8, 'SALE', 'NI', 'NI', 'XFER', 'DROP', 'CALLBK', 'NI', 'NI'), '1', '3125550100',
         1001 + crc32(concat('agent', seq)) % 60, 'N', crc32(concat('queue', seq)) % 9000 / 100,
         concat('G', 1 + crc32(concat('agent', seq)) % 4), seq, concat('i', seq)
  from (select seq, timestamp('2025-11-04' + interval (seq - 1) div 2000 day)
               + interval 28800 + crc32(concat('time', seq)) % 46800 second as at from seq_1_to_6000) as dice;

insert into vicidial_agent_log (user, server_ip, event_time, lead_id, campaign_id, pause_sec, wait_sec, talk_sec, dispo_sec,
                                dead_sec, status, user_group, uniqueid)
  select 1001 + agent, '127.0.0.1', at, if(seq % 9 = 0, null, seq), concat('C', 1 + agent % 6), crc32(concat('p', seq)) % 60,
         crc32(concat('w', seq)) % 40, if(seq % 9 = 0, 0, crc32(concat('t', seq)) % 240),
         if(seq % 9 = 0, 0, crc32(concat('d', seq)) % 30), crc32(concat('x', seq)) % 9, if(seq % 9 = 0, null, 'NI'),
         concat('G', 1 + (agent + 1) % 4), concat('a', seq)
  from (select seq, crc32(concat('agent', seq)) % 60 as agent, timestamp('2025-11-04' + interval (seq - 1) div 7000 day)
               + interval 28800 + crc32(concat('time', seq)) % 46800 second as at from seq_1_to_21000) as dice;

-- The archive job copies first and deletes later.
insert into vicidial_log_archive select * from vicidial_log where call_date < '2025-11-06';
insert into vicidial_closer_log_archive select * from vicidial_closer_log where call_date < '2025-11-06';
insert into vicidial_agent_log_archive select * from vicidial_agent_log where event_time < '2025-11-06';
update vicidial_log_archive set status = 'INCALL' where call_date >= '2025-11-05' and right(uniqueid, 1) = '7';
delete from vicidial_log where call_date < '2025-11-05';
delete from vicidial_closer_log where call_date < '2025-11-05';
delete from vicidial_agent_log where event_time < '2025-11-05';
