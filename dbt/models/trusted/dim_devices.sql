{{ members_of_sessions('device_key', 'device_type') }}

select * from final
