-- A rejected row says by a code which rule it broke: no program reads the sentence.

alter table quarantine.rejected_rows add column if not exists rule text;
update quarantine.rejected_rows set rule = case
    when reason = 'is empty' then 'empty'
    when reason = 'is missing' then 'missing'
    when reason = 'is not a number' then 'not_a_number'
    when reason = 'is not a whole number' then 'not_a_whole_number'
    when reason = 'is not a date (YYYY-MM-DD)' then 'not_a_date'
    when reason = 'is not a date' then 'not_a_bson_date'
    when reason like 'is not % but %' then 'wrong_type'
    when reason like 'is below %' then 'below'
    when reason like 'is above %' then 'above'
    when reason = 'holds a NUL character' then 'nul'
    when reason like 'repeats the key of %' then 'repeated_key'
    when reason like 'is set by the platform%' then 'managed_field'
    when reason = 'is no kind of document that is known' then 'unknown_kind'
    when reason like 'cannot be stored in MongoDB%' then 'not_storable'
    when reason like 'is nested more than %' then 'too_deep'
    when reason like 'is not JSON any more%' then 'not_json'
    when reason like 'the row has % fields%' then 'field_count'
    when reason = 'the row holds a NUL character' then 'nul_in_row'
    when reason = 'a quote is opened and never closed' then 'unclosed_quote'
    when reason = 'a quote inside a field has no other half' then 'lone_quote'
    when reason = 'a quote is closed in the middle of a field' then 'quote_in_field'
    when reason = 'a carriage return stands in a field without quotes' then 'carriage_return'
    when reason like 'the row is not CSV%' then 'not_csv'
    else 'unknown'
end;
alter table quarantine.rejected_rows alter column rule set not null;
comment on column quarantine.rejected_rows.rule is 'Code of the rule that the row broke; reason says the same in words.';
