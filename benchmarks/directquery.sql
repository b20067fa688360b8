-- What a report page sends to the star in DirectQuery: one query for each visual, and one for each slicer.
-- A page about the last year, as its slicer of months sets it. Totals by month, plan, country, device, quality,
-- title and genre read the monthly marts; what looks at single days or sessions reads the fact.
-- The title and the user are those of star_raw.sql, or of the generator.

-- query: cards
select
    sum(viewing.sessions) as sessions,
    sum(viewing.watch_minutes) / 60 as watch_hours,
    sum(viewing.completion_percentages) / sum(viewing.sessions) as average_completion,
    sum(viewing.completed_sessions) as completed_sessions
from trusted.mart_monthly_viewing as viewing
inner join trusted.dim_dates as dates on viewing.month_date_key = dates.date_key
where dates.date >= date '2023-09-01' and dates.date < date '2024-09-01';

-- query: watch hours by month
select dates.year, dates.month, dates.month_name, sum(viewing.watch_minutes) / 60 as watch_hours
from trusted.mart_monthly_viewing as viewing
inner join trusted.dim_dates as dates on viewing.month_date_key = dates.date_key
where dates.date >= date '2023-09-01' and dates.date < date '2024-09-01'
group by dates.year, dates.month, dates.month_name;

-- query: watch hours by month and plan
select dates.year, dates.month, viewing.subscription_type, sum(viewing.watch_minutes) / 60 as watch_hours
from trusted.mart_monthly_viewing as viewing
inner join trusted.dim_dates as dates on viewing.month_date_key = dates.date_key
where dates.date >= date '2023-09-01' and dates.date < date '2024-09-01'
group by dates.year, dates.month, viewing.subscription_type;

-- query: watch hours by device
select devices.device_type, sum(viewing.watch_minutes) / 60 as watch_hours
from trusted.mart_monthly_viewing as viewing
inner join trusted.dim_dates as dates on viewing.month_date_key = dates.date_key
inner join trusted.dim_devices as devices on viewing.device_key = devices.device_key
where dates.date >= date '2023-09-01' and dates.date < date '2024-09-01'
group by devices.device_type;

-- query: watch hours by quality
select quality.quality_level, sum(viewing.watch_minutes) / 60 as watch_hours
from trusted.mart_monthly_viewing as viewing
inner join trusted.dim_dates as dates on viewing.month_date_key = dates.date_key
inner join trusted.dim_quality_levels as quality
    on viewing.quality_level_key = quality.quality_level_key
where dates.date >= date '2023-09-01' and dates.date < date '2024-09-01'
group by quality.quality_level;

-- query: watch hours by country
select viewing.country, sum(viewing.watch_minutes) / 60 as watch_hours
from trusted.mart_monthly_viewing as viewing
inner join trusted.dim_dates as dates on viewing.month_date_key = dates.date_key
where dates.date >= date '2023-09-01' and dates.date < date '2024-09-01'
group by viewing.country;

-- query: top titles
select content.title, sum(viewing.watch_minutes) / 60 as watch_hours
from trusted.mart_monthly_content_viewing as viewing
inner join trusted.dim_dates as dates on viewing.month_date_key = dates.date_key
inner join trusted.dim_content as content on viewing.content_key = content.content_key
where dates.date >= date '2023-09-01' and dates.date < date '2024-09-01'
group by content.title
order by watch_hours desc
limit 10;

-- query: watch hours by genre
select genres.genre, sum(viewing.watch_minutes * bridge.weight) / 60 as watch_hours
from trusted.mart_monthly_content_viewing as viewing
inner join trusted.dim_dates as dates on viewing.month_date_key = dates.date_key
inner join trusted.bridge_content_genres as bridge on viewing.content_key = bridge.content_key
inner join trusted.dim_genres as genres on bridge.genre_key = genres.genre_key
where dates.date >= date '2023-09-01' and dates.date < date '2024-09-01'
group by genres.genre;

-- query: daily active users
select dates.date, engagement.active_users
from trusted.mart_daily_engagement as engagement
inner join trusted.dim_dates as dates on engagement.date_key = dates.date_key
where dates.date >= date '2023-09-01' and dates.date < date '2024-09-01';

-- query: completion distribution, last 30 days
select floor(facts.completion_percentage / 10) as tenth, count(*) as sessions
from trusted.fct_viewing_sessions as facts
where facts.watch_date >= date '2024-08-02' and facts.watch_date < date '2024-09-01'
group by floor(facts.completion_percentage / 10);

-- query: slicer of countries
select distinct country from trusted.dim_users order by country;

-- query: slicer of titles
select distinct title from trusted.dim_content order by title limit 501;

-- query: sessions of one title by day
select facts.watch_date, count(*) as sessions
from trusted.fct_viewing_sessions as facts
inner join trusted.dim_content as content on facts.content_key = content.content_key
where
    content.title in ('Movie 7', 'The Hollow Island')
    and facts.watch_date >= date '2023-09-01' and facts.watch_date < date '2024-09-01'
group by facts.watch_date;

-- query: sessions of one user
select facts.watch_date, content.title, facts.watch_duration_minutes
from trusted.fct_viewing_sessions as facts
inner join trusted.dim_users as users on facts.user_key = users.user_key
inner join trusted.dim_content as content on facts.content_key = content.content_key
where users.user_id in ('U0000007', 'U0007');
