-- What a report page sends to the star in DirectQuery: one query for each visual, and one for each slicer.
-- A page about the last year, as its date slicer sets it.

-- query: cards
select
    count(*) as sessions,
    sum(watch_duration_minutes) / 60 as watch_hours,
    avg(completion_percentage) as average_completion,
    sum(case when is_completed then 1 else 0 end) as completed_sessions
from trusted.fct_viewing_sessions
where watch_date >= date '2023-09-02' and watch_date < date '2024-09-02';

-- query: watch hours by month
select dates.year, dates.month, dates.month_name, sum(facts.watch_duration_minutes) / 60 as watch_hours
from trusted.fct_viewing_sessions as facts
inner join trusted.dim_dates as dates on facts.date_key = dates.date_key
where dates.date >= date '2023-09-02' and dates.date < date '2024-09-02'
group by dates.year, dates.month, dates.month_name;

-- query: watch hours by month and plan
select dates.year, dates.month, users.subscription_type, sum(facts.watch_duration_minutes) / 60 as watch_hours
from trusted.fct_viewing_sessions as facts
inner join trusted.dim_dates as dates on facts.date_key = dates.date_key
inner join trusted.dim_users as users on facts.user_key = users.user_key
where dates.date >= date '2023-09-02' and dates.date < date '2024-09-02'
group by dates.year, dates.month, users.subscription_type;

-- query: watch hours by device and quality
select devices.device_type, quality.quality_level, sum(facts.watch_duration_minutes) / 60 as watch_hours
from trusted.fct_viewing_sessions as facts
inner join trusted.dim_dates as dates on facts.date_key = dates.date_key
inner join trusted.dim_devices as devices on facts.device_key = devices.device_key
inner join trusted.dim_quality_levels as quality on facts.quality_level_key = quality.quality_level_key
where dates.date >= date '2023-09-02' and dates.date < date '2024-09-02'
group by devices.device_type, quality.quality_level;

-- query: watch hours by country
select users.country, sum(facts.watch_duration_minutes) / 60 as watch_hours
from trusted.fct_viewing_sessions as facts
inner join trusted.dim_dates as dates on facts.date_key = dates.date_key
inner join trusted.dim_users as users on facts.user_key = users.user_key
where dates.date >= date '2023-09-02' and dates.date < date '2024-09-02'
group by users.country;

-- query: top titles
select content.title, sum(facts.watch_duration_minutes) / 60 as watch_hours
from trusted.fct_viewing_sessions as facts
inner join trusted.dim_dates as dates on facts.date_key = dates.date_key
inner join trusted.dim_content as content on facts.content_key = content.content_key
where dates.date >= date '2023-09-02' and dates.date < date '2024-09-02'
group by content.title
order by watch_hours desc
limit 10;

-- query: watch hours by genre
select genres.genre, sum(facts.watch_duration_minutes * bridge.weight) / 60 as watch_hours
from trusted.fct_viewing_sessions as facts
inner join trusted.dim_dates as dates on facts.date_key = dates.date_key
inner join trusted.bridge_content_genres as bridge on facts.content_key = bridge.content_key
inner join trusted.dim_genres as genres on bridge.genre_key = genres.genre_key
where dates.date >= date '2023-09-02' and dates.date < date '2024-09-02'
group by genres.genre;

-- query: daily active users
select dates.date, count(distinct users.user_id) as active_users
from trusted.fct_viewing_sessions as facts
inner join trusted.dim_dates as dates on facts.date_key = dates.date_key
inner join trusted.dim_users as users on facts.user_key = users.user_key
where dates.date >= date '2024-08-03' and dates.date < date '2024-09-02'
group by dates.date;

-- query: completion distribution
select floor(facts.completion_percentage / 10) as tenth, count(*) as sessions
from trusted.fct_viewing_sessions as facts
inner join trusted.dim_dates as dates on facts.date_key = dates.date_key
where dates.date >= date '2023-09-02' and dates.date < date '2024-09-02'
group by floor(facts.completion_percentage / 10);

-- query: slicer of countries
select distinct country from trusted.dim_users order by country;

-- query: slicer of titles
select distinct title from trusted.dim_content order by title limit 501;

-- query: one title by day
select dates.date, count(*) as sessions
from trusted.fct_viewing_sessions as facts
inner join trusted.dim_dates as dates on facts.date_key = dates.date_key
inner join trusted.dim_content as content on facts.content_key = content.content_key
where content.title = 'Movie 77' and dates.date >= date '2023-09-02' and dates.date < date '2024-09-02'
group by dates.date;
