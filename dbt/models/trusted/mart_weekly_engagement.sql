{{ engagement_by_period('week') }}
