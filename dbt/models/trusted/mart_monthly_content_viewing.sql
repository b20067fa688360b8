{{ monthly_totals(['content_key']) }}
