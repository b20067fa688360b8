{# What counts as blank: Unicode's white space, and signs that print nothing, such as zero-width
   ones. The same as in include/rules/texts.py, which a test compares. #}
{% macro blanks() -%}
    {{-
        "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
        ~ "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
        ~ "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b"
        ~ "\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069"
        ~ "\u2800\u3164\ufeff\uffa0"
    -}}
{%- endmacro %}

{# A text as the star has it: without blanks around it; null when it has nothing else. Most texts
   begin and end with a sign of ASCII and need no look: that is three times as fast. #}
{% macro trimmed(expression) -%}
    case
        when
            ascii({{ expression }}) between 33 and 126
            and ascii(right({{ expression }}, 1)) between 33 and 126
            then {{ expression }}
        else nullif(trim(both '{{ blanks() }}' from {{ expression }}), '')
    end
{%- endmacro %}

{# An id as the source has it; null when it has nothing but blanks. #}
{% macro id_or_null(expression) -%}
    case
        when
            ascii({{ expression }}) between 33 and 126
            or trim(both '{{ blanks() }}' from {{ expression }}) != ''
            then {{ expression }}
    end
{%- endmacro %}
