{{ config(enabled='lyon_sales' in var('systems').get('exports', {}).get('feeds', [])) }}

with

source as (

    select * from {{ source('exports', 'lyon_sales') }}

),

-- what the till's columns are to us; the rest is said by the feed's dialect in .dlt/config.toml
mapped as (

    select
        -- where the line stands
        source.branch_id,
        source._file_name,
        source._line_number,
        source._reject,
        source._deleted_at,
        source._dlt_load_id,

        -- what it says, as text
        source.ticket,
        source.article,
        source.date as sold_on,
        source.heure as sold_at,
        source.quantite as quantity,
        source.prix_unitaire as unit_price,
        case source.mode_de_paiement
            when 'carte' then 'card'
            when 'espèces' then 'cash'
            when 'ticket restaurant' then 'voucher'
            else source.mode_de_paiement
        end as payment_method,
        -- the export does not say it
        'unknown' as channel,
        0.10 as tax_rate,
        {{ raw_record('source', [
            '_file_name', '_line_number', '_reject', 'date', 'heure', 'ticket', 'article',
            'quantite', 'prix_unitaire', 'mode_de_paiement'
        ]) }} as raw_record
    from source

)

select * from mapped
