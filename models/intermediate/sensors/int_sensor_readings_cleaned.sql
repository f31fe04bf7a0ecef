{#- What a sensor's reading says, by our name: the fields of docs/how-to/add-sensors.md. -#}
{{ sensor_readings(ref('stg_streams__events') if sensor_streams() else none) }}
