{{ monthly_totals(['subscription_type', 'country', 'device_key', 'quality_level_key']) }}
