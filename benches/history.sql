-- @rows VICIDIAL-shaped calls over @days days from 2024-12-01 on, made by the server alone from the
-- numbers 1 to @rows: the same every time. @phones is how many different phones there are at most; with 0
-- each call has a phone of its own.
--
-- What stands for chance is the middle of a product, as eight million rows should be there in a minute. Each
-- use has a factor of its own. Rows come in day by day, as in life, so an index leads to rows near each other.

set sql_mode = '';

insert into vicidial_campaigns (campaign_id, campaign_name, active)
  select concat('C', seq), concat('Campaign ', seq), 'Y' from seq_1_to_6;
insert into vicidial_lists (list_id, list_name, campaign_id, active)
  select 1000 + seq, concat('List ', seq), concat('C', 1 + seq % 6), 'Y' from seq_1_to_24;
insert into vicidial_user_groups (user_group, group_name)
  select concat('G', seq), concat('Team ', seq) from seq_1_to_4;
insert into vicidial_users (user, full_name, user_group)
  select 1000 + seq, concat('Agent ', seq), concat('G', 1 + seq % 4) from seq_1_to_60;
insert into vicidial_statuses (status, status_name, human_answered, sale, customer_contact) values
  ('SALE', 'Sale Made', 'Y', 'Y', 'N'), ('NI', 'Not Interested', 'Y', 'N', 'Y'), ('NA', 'No Answer Auto', 'N', 'N', 'N'),
  ('A', 'Answering Machine', 'N', 'N', 'N'), ('B', 'Busy', 'N', 'N', 'N'), ('DC', 'Disconnected', 'N', 'N', 'N'),
  ('DROP', 'Agent Not Available', 'Y', 'N', 'N'), ('DNC', 'Do Not Call', 'Y', 'N', 'Y'), ('CALLBK', 'Call Back', 'Y', 'N', 'Y'),
  ('XFER', 'Call Transferred', 'Y', 'N', 'Y'), ('N', 'No Answer', 'N', 'N', 'N'), ('PDROP', 'Pre-Routing Drop', 'N', 'N', 'N');
insert into vicidial_campaign_statuses (status, status_name, campaign_id, selectable, human_answered, customer_contact)
  select 'WARM', 'Warm Lead', concat('C', seq), 'Y', 'Y', 'Y' from seq_1_to_6;
insert into vicidial_campaign_statuses (status, status_name, campaign_id, selectable, human_answered, customer_contact)
  select 'YES', 'Said Yes', concat('C', seq), 'Y', 'Y', 'N' from seq_1_to_6;

insert into vicidial_log (uniqueid, lead_id, list_id, campaign_id, call_date, start_epoch, end_epoch, length_in_sec,
                          status, phone_code, phone_number, user, processed, user_group, term_reason)
  select concat(epoch, '.', seq), 1 + lead, 1001 + list, concat('C', 1 + (list + 1) % 6),
         timestampadd(second, epoch - 1733011200, '2024-12-01'), epoch, epoch + talk,
         if(chance >= 600, talk, if(chance < 20, null, 0)),
         elt(interval(chance, 0, 350, 360, 550, 600, 640, 690, 700, 850, 900, 920, 950, 965, 985, 994, 997),
             'NA', null, 'A', 'B', 'DC', 'N', 'DROP', 'NI', 'NI', 'DNC', 'CALLBK', 'XFER', 'WARM', 'YES', 'SALE', 'svyclm'),
         '1', 2000000000 + lead, if(chance >= 700, 1001 + agent, 'VDAD'), 'N',
         if(chance >= 700, concat('G', 1 + (agent + 1) % 4), null), 'CALLER'
  from (
    select seq, 1 + (seq * 7919 >> 3) % 400 as talk, (seq * 15485863 >> 11) % 60 as agent, (seq * 32452843 >> 9) % 24 as list,
           (seq * 49979687 >> 13) % 1000 as chance, if(@phones, crc32(seq) % @phones, seq) as lead,
           -- Each day's calls lie between 08:00 and 21:00.
           1733011200 + ((seq - 1) * @days div @rows) * 86400 + 28800 + (seq * 86028121 >> 7) % 46800 as epoch
    from seq_1_to_20000000 where seq <= @rows) as dice;
